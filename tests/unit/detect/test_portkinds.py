import numpy as np
import pytest

from appliance.detect import portkinds
from appliance.detect.pair import Pair
from appliance.model.pair import PAIR_DTYPE
from tests.support.visits import Net, Visits, every


def make_pair(port: int, service: str = "", proto: int = 6) -> Pair:
    net = Net()
    row = net.add(Visits(port=port, service=service, proto=proto, starts=every(60, 3)))
    judge = net.make_judge()
    return judge._make_pair(row, net.contacts[row], np.zeros(1, PAIR_DTYPE)[0], 0.0)


@pytest.mark.parametrize(
    ("port", "odd"), [(443, False), (993, False), (4_444, True), (6_667, True)]
)
def test_odd_is_what_no_client_is_registered_for(port: int, *, odd: bool) -> None:
    assert portkinds.is_odd(make_pair(port)) is odd


def test_odd_needs_a_protocol_with_ports() -> None:
    assert not portkinds.is_odd(make_pair(4_444, proto=47))


@pytest.mark.parametrize(
    ("port", "service", "clear"),
    [
        (80, "", True),
        (8_080, "", True),
        (9_999, "http", True),
        (80, "tls", False),
        (443, "", False),
    ],
)
def test_clear_web_is_http_or_its_ports_with_nothing_else_spoken(
    port: int, service: str, *, clear: bool
) -> None:
    assert portkinds.is_clear_web(make_pair(port, service)) is clear


def test_sets_agree() -> None:
    assert portkinds.SILENT | portkinds.PUSH | portkinds.WEB <= portkinds.USUAL
    assert not portkinds.SILENT & portkinds.PUSH
