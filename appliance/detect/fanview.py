"""One row of the fans as Python values, and the sentences about it."""

from collections.abc import Callable
from typing import Any, NamedTuple

from appliance.model.address import Address
from appliance.model.contact import TIMES, Fan
from appliance.model.names import protocol_name

DAY_S = 86_400.0

Resolve = Callable[[int, int], Address]  # (hi, lo) -> what is known of an address


class Item(NamedTuple):
    """One of the first items of a fan."""

    address: Address
    port: int


class FanView(NamedTuple):
    """A FAN_DTYPE row; see there for what the counts are of."""

    kind: int
    source: Address  # of VICTIM the target
    target: Address | None
    port: int
    proto: int
    flags: int
    items: int
    alive: int
    flows: int
    probes: int
    nets: int
    entries: int  # what `times_s` is of: items, or the failed flows of VICTIM
    first_s: float
    last_s: float
    times_s: tuple[float, ...]  # of the last TIMES entries, oldest first
    examples: tuple[Item, ...]

    def within(self, window_s: float) -> int:
        """Return how many entries came in the last `window_s`; of a long fan at least TIMES."""
        since = self.times_s[-1] - window_s
        if self.entries > len(self.times_s) and self.first_s >= since:
            return self.entries
        return sum(time > since for time in self.times_s)

    @property
    def dead(self) -> int:
        """Items that never answered."""
        return max(self.items - self.alive, 0)

    @property
    def reached(self) -> int:
        """Others of this key that were contacted and are not dead."""
        return max(self.flows - self.dead, self.alive)

    @property
    def probe_share(self) -> float:
        """Share of probes among the contacts of this key."""
        return self.probes / max(self.flows, self.probes, 1)

    @property
    def per_net(self) -> float:
        """Items of each /24."""
        return self.items / max(self.nets, 1)

    @property
    def span_s(self) -> float:
        """From the first to the last item."""
        return max(self.times_s[-1] - self.first_s, 0.0)


def view_fan(row: Any, resolve: Resolve) -> FanView | None:
    """Read a FAN_DTYPE record; None while it has no items."""
    entries = int(row["probes"] if row["kind"] == Fan.VICTIM else row["items"])
    used = min(entries, TIMES)
    if used == 0 or not row["items"]:
        return None
    target = (int(row["b_hi"]), int(row["b_lo"]))
    return FanView(
        kind=int(row["kind"]),
        source=resolve(int(row["a_hi"]), int(row["a_lo"])),
        target=resolve(*target) if target != (0, 0) else None,
        port=int(row["port"]),
        proto=int(row["proto"]),
        flags=int(row["flags"]),
        items=int(row["items"]),
        alive=int(row["alive"]),
        flows=int(row["flows"]),
        probes=int(row["probes"]),
        nets=int(row["nets"]),
        entries=entries,
        first_s=float(row["first_s"]),
        last_s=float(row["last_s"]),
        # Flows end out of order: an item may be older than the one before.
        times_s=tuple(sorted(row["time_s"][:used].tolist())),
        examples=_read_examples(row, resolve),
    )


def _read_examples(row: Any, resolve: Resolve) -> tuple[Item, ...]:
    count = min(int(row["items"]), len(row["item_hi"]))
    rows = zip(
        row["item_hi"][:count].tolist(),
        row["item_lo"][:count].tolist(),
        row["item_port"][:count].tolist(),
        strict=True,
    )
    return tuple(Item(resolve(hi, lo), port) for hi, lo, port in rows)


def distinct(values: list[Any]) -> list[Any]:
    """Return the values once each, in order."""
    return list(dict.fromkeys(values))


def name_peers(view: FanView, but: Address | None = None) -> tuple[str, ...]:
    """Return up to four addresses of the first items, other than `but`."""
    peers = distinct([item.address.ip for item in view.examples if item.address is not but])
    return tuple(peers[:4])


def say_service(port: int, proto: int) -> str:
    """Return "tcp/23"; just the protocol where there are no ports."""
    return f"{protocol_name(proto)}/{port}" if proto in {6, 17, 132} else protocol_name(proto)


def say_span(seconds: float) -> str:
    """Return a length of time as people say it: "23 s", "12 min", "5.3 h", "3 days"."""
    if seconds < 1:
        return "a second"
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7_200:
        return f"{seconds / 60:.0f} min"
    if seconds < 2 * DAY_S:
        return f"{seconds / 3_600:.1f} h"
    return f"{seconds / DAY_S:.0f} days"


def say_few(values: list[Any], all_of_them: int) -> str:
    """Return "a, b, c and 5 more"."""
    text = ", ".join(str(value) for value in values)
    more = all_of_them - len(values)
    return f"{text} and {more} more" if more > 0 and text else text


def windows_exceeded(view: FanView, limits: tuple[tuple[float, float], ...]) -> tuple[float, float]:
    """Return (how often the count of a window goes into its limit, that window in s), the most.

    limits : (window in s, items in it)
    """
    return max((view.within(window_s) / limit, -window_s) for window_s, limit in limits)
