"""How random a name looks, and bounds on who is counted."""

import pytest

from appliance.detect.observed import MAX_CLIENTS, Observed, label_entropy
from appliance.model.observation import DnsSeen


@pytest.mark.parametrize(
    ("name", "bits"),
    [
        ("aaaa.example", 0), ("abcd.example", 2), ("www.abcdefgh.com", 3), ("localhost", 2.726),
        ("", 0), (".", 0), ("..", 0), ("a.b.c", 0), ("com", 1.585),
    ],
)  # fmt: skip
def test_the_longest_label_but_the_last_is_measured(name: str, bits: float) -> None:
    assert label_entropy(name) == pytest.approx(bits, abs=0.01)


def test_invented_clients_find_no_room() -> None:
    observed = Observed()
    for client in range(MAX_CLIENTS + 10):
        observed.count_dns(1, [DnsSeen(0, 0, client, 0, 1, "a.example", "A", "", 60)])
    assert observed.full == 10
    observed.forget(1)
    observed.count_dns(2, [DnsSeen(0, 0, MAX_CLIENTS + 5, 0, 1, "a.example", "A", "", 60)])
    assert observed.full == 10
