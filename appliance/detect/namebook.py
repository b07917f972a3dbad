"""Names of addresses outside, as flows told them: SNI and HTTP hosts come before DNS."""

from collections import OrderedDict
from collections.abc import Callable

from appliance.model.flow import FlowBatch

MOST_NAMES = 32_768  # about 5 MB

NameOf = Callable[[int, int], str]


class NameBook:
    """Remembers the newest name of each responder. Bounded: the longest unused gives way.

    name_of : asked for what no flow has told, such as passive DNS
    """

    def __init__(self, name_of: NameOf, limit: int = MOST_NAMES) -> None:
        self._names: OrderedDict[tuple[int, int], str] = OrderedDict()
        self._name_of = name_of
        self._limit = limit

    def learn(self, batch: FlowBatch) -> None:
        """Take over the names of an enriched batch."""
        for index, meta in enumerate(batch.meta):
            if meta is None:
                continue
            name = meta.sni or meta.http_host or meta.name
            if not name:
                continue
            peer = batch.resp[index]
            key = peer.hi, peer.lo
            self._names[key] = name
            self._names.move_to_end(key)
            if len(self._names) > self._limit:
                self._names.popitem(last=False)

    def name_of(self, hi: int, lo: int) -> str:
        """Return the name of an address, "" unknown."""
        return self._names.get((hi, lo)) or self._name_of(hi, lo)
