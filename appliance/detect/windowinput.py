"""What fingerprints need of the tables of contacts."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class Tables(Protocol):
    """The rows handed out so far."""

    @property
    def contacts(self) -> NDArray[Any]:
        """CONTACT_DTYPE."""
        ...

    @property
    def hosts(self) -> NDArray[Any]:
        """HOST_DTYPE."""
        ...


class Told(Protocol):
    """What the tables say of each flow of a batch; arrays (n,)."""

    @property
    def classes(self) -> NDArray[np.uint8]:
        """FLOW_* of model/contact.py."""
        ...

    @property
    def contact(self) -> NDArray[np.int32]:
        """Row of `contacts`, -1 none."""
        ...

    @property
    def host(self) -> NDArray[np.int32]:
        """Row of `hosts` of the judged end, -1 none."""
        ...

    @property
    def server(self) -> NDArray[np.int32]:
        """Row of `hosts` of the inside responder of a local flow, -1 none."""
        ...

    @property
    def out(self) -> NDArray[np.float64]:
        """New payload bytes, originator to responder."""
        ...

    @property
    def into(self) -> NDArray[np.float64]:
        """New payload bytes, the other way."""
        ...

    @property
    def novel(self) -> NDArray[np.uint8]:
        """1 = the outside peer is new to the host, 2 = new to all, 4 = only this host uses it."""
        ...
