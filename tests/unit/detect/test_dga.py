from appliance.detect.dga import CLIENTS, DOMAINS, NameFailures
from appliance.detect.weights import Weights
from appliance.model.alert import Signal
from appliance.model.observation import DnsSeen
from tests.support.dns import ask, drawn_names, fail
from tests.support.fans import Addresses

WORDS = (
    "garden", "paper", "winter", "station", "orange", "window", "silver", "market",
    "river", "summer", "doctor", "basket", "hammer", "letter", "kitchen", "pocket",
    "mirror", "bottle", "planet", "saddle", "tunnel", "candle", "ribbon", "helmet",
)  # fmt: skip


def observe(*items: DnsSeen) -> list[Signal]:
    failures = NameFailures(Weights().dga, Addresses().resolve)
    return [signal for seen in items if (signal := failures.observe(seen)) is not None]


def test_a_burst_of_drawn_names() -> None:
    signals = observe(*(fail(name, index) for index, name in enumerate(drawn_names(60))))
    first, last = signals[0], signals[-1]
    assert (first.kind, first.host.ip) == ("dga", "10.0.0.5")
    assert 10 <= first.count <= 20
    assert 2.3 < first.weight < last.weight
    assert "drawn-looking domains that do not exist" in last.sentence
    assert len(signals) < 12


def test_slowly_over_a_day() -> None:
    names = drawn_names(40)
    assert observe(*(fail(name, index * 1_800.0) for index, name in enumerate(names)))
    assert not observe(*(fail(name, index * 7_200.0) for index, name in enumerate(names)))


def test_blocked_trackers_are_quiet() -> None:
    names = [f"{a}{b}.com" for a in WORDS[:6] for b in WORDS[6:12]]
    assert observe(*(fail(name, index) for index, name in enumerate(names))) == []


def test_many_words_are_low_at_most() -> None:
    names = [f"{a}{b}.com" for a in WORDS for b in WORDS[:4]]
    signals = observe(*(fail(name, index) for index, name in enumerate(names)))
    assert signals
    assert all(min(signal.weight, signal.solo_limit) < 3.0 for signal in signals)


def test_the_same_names_again_are_quiet() -> None:
    names = drawn_names(8)
    assert observe(*(fail(name, index) for index, name in enumerate(names * 30))) == []


def test_what_is_no_failure_of_a_domain() -> None:
    drawn = [name.split(".")[0] for name in drawn_names(40)]
    for form in ("{}", "{}.corp.example.com", "{}.local", "{}.in-addr.arpa", "{}.zen.dnsbl.org"):
        assert observe(*(fail(form.format(n), i) for i, n in enumerate(drawn))) == []
    assert observe(*(ask(f"{n}.com", i, "NOERROR") for i, n in enumerate(drawn))) == []
    assert observe(*(ask(f"{n}.com", i, "SERVFAIL") for i, n in enumerate(drawn))) == []


def test_drawn_names_among_many_others_are_quiet() -> None:
    others = [f"{a}{b}.com" for a in WORDS for b in WORDS[:2]]
    names = [name for pair in zip(others, drawn_names(12) * 4, strict=True) for name in pair]
    mixed = [fail(name, index) for index, name in enumerate(others + names[:20])]
    assert all(min(s.weight, s.solo_limit) < 3.0 for s in observe(*mixed))


def test_a_flood_of_clients_plateaus_and_a_known_one_still_counts() -> None:
    failures = NameFailures(Weights().dga, Addresses().resolve)
    found = []
    for index, name in enumerate(drawn_names(30)):
        found.append(failures.observe(fail(name, index)))
        for stranger in range(60):
            client = f"10.{index}.{stranger // 250}.{stranger % 250 + 1}"
            failures.observe(fail("a-b-c.com", index, client))
    assert len(failures) == CLIENTS
    assert failures.evicted > 0
    assert any(found)


def test_memory_of_one_client_is_bounded() -> None:
    failures = NameFailures(Weights().dga, Addresses().resolve)
    for index, name in enumerate(drawn_names(3 * DOMAINS)):
        failures.observe(fail(name, index))
    (client,) = failures._clients.values()
    assert len(client.failed) == len(client.known) == DOMAINS
