"""How many different things a source tries, with dictionaries. See tests/oracles/contacts.py."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from appliance.model.contact import Fan
from appliance.model.flow import Direction

ADMIN_PORTS = {22, 23, 135, 139, 445, 3389, 5900, 5985, 5986}
STEPS = (5, 8, 10, 12, 15, 20, 25, 30, 40, 60, 90, 135, 202, 303, 454, 681, 1_021)
LOW_STEPS = (2, 3, 4, *STEPS)
VICTIM_STEPS = (50, 100, 200, 400, 800, 1_600)


@dataclass
class FanRow:
    items: list[tuple[str, str, int, int]] = field(default_factory=list)
    alive: int = 0
    flows: int = 0
    probes: int = 0
    times: list[float] = field(default_factory=list)
    base: int = 0
    judged: int = 0
    judged_s: float = -1e18
    judge_at: int = 5


class FansOracle:
    """Fans and the gates before them; `contacts` is filled by whoever inherits."""

    def __init__(self) -> None:
        self.contacts: dict[tuple[str, str, int, int], Any] = {}
        self.fans: dict[tuple[object, ...], FanRow] = {}
        self.gates: dict[tuple[object, ...], Any] = {}
        self.failures: dict[tuple[str, int, int], int] = defaultdict(int)
        self.due_fans: list[tuple[object, ...]] = []

    def tell(self, key, made, start, state) -> None:
        counted, was_alive, was_probed, first_answer, direction = state
        contact = self.contacts[key]
        _, _, port, proto = key
        ping = (proto, port) in {(1, 8), (58, 128)}
        if counted and not was_probed and (ping or (made.probe and not contact.alive)):
            contact.probed = True
            self._probed(key, start)
        elif was_probed and contact.alive and not was_alive:
            for name in self._names(key):
                if name in self.fans:
                    fan = self.fans[name]
                    fan.alive = min(fan.alive + 1, len(fan.items))
        elif counted and contact.contacts == 1 and self._passed(key):
            for name in self._names(key):
                if name in self.fans:
                    self.fans[name].flows += 1
        if first_answer and proto in {6, 17}:
            self._answer(key, start, direction)
        if counted and made.failed:
            self._failure(key, start)

    def _gate(self, name, key):
        """Return None for the first, then the first one's key once, then an empty tuple."""
        if name not in self.gates:
            self.gates[name] = key
            return None
        first, self.gates[name] = self.gates[name], ()
        return first

    def _source(self, key):
        return ("source", "ping" if key[3] in {1, 58} else "", key[0])

    def _passed(self, key) -> bool:
        return self.gates.get(self._source(key)) == ()

    def _probed(self, key, start) -> None:
        first = self._gate(self._source(key), key)
        if first is None:
            return
        if first:
            self._item_everywhere(first, self.contacts[first].begun)
        self._item_everywhere(key, start)

    def _names(self, key):
        src, dst, port, proto = key
        if proto in {1, 58}:
            return [(Fan.ECHO, src)]
        if proto not in {6, 17}:
            return [(Fan.PROTOCOLS, src, dst)]
        names = [(Fan.PORTS, src, dst)]
        if not self.contacts[key].stale:
            names.append((Fan.TARGETS, src, port, proto))
            if proto != 17 or port not in {137, 138, 161, 427, 1900, 3702, 5353, 5355}:
                names.append((Fan.BLOCK, src))
        return names

    def _item_everywhere(self, key, start) -> None:
        names = self._names(key)
        if self.contacts[key].stealth and key[3] == 6:
            names.append((Fan.STEALTH, key[0]))
        for name in names:
            if name[0] in {Fan.PORTS, Fan.TARGETS, Fan.PROTOCOLS}:
                self._gated(name, key, start)
            else:
                self._item(name, key, start)

    def _gated(self, name, key, start) -> None:
        first = self._gate(("fan", *name), key)
        if first is None:
            return
        if first:
            self._item(name, first, self.contacts[first].begun)
        self._item(name, key, start)

    def _item(self, name, key, start) -> None:
        fan = self.fans.setdefault(name, self._new_fan(name))
        contact = self.contacts[key]
        fan.items.append(key)
        fan.times.append(start)
        fan.flows += contact.contacts <= 1
        fan.flows = max(fan.flows, len(fan.items))
        answers = name[0] == Fan.ADMIN
        fan.probes += not answers
        fan.alive += answers or contact.alive
        self._schedule_fan(name, len(fan.items), start)

    def _new_fan(self, name) -> FanRow:
        low = {Fan.ADMIN: 2, Fan.STEALTH: 2, Fan.VICTIM: 50}
        return FanRow(judge_at=low.get(name[0], 5))

    def _schedule_fan(self, name, count, start) -> None:
        fan = self.fans[name]
        victim = name[0] == Fan.VICTIM
        few = 50 if victim else 5
        if count < fan.judge_at:
            if count - fan.judged < few or start - fan.judged_s < 300:
                return
            fan.base = count - few
        low = name[0] in {Fan.ADMIN, Fan.STEALTH}
        steps = VICTIM_STEPS if victim else LOW_STEPS if low else STEPS
        fan.judge_at = fan.base + next(step for step in steps if step > count - fan.base)
        fan.judged, fan.judged_s = count, start
        if name not in self.due_fans:
            self.due_fans.append(name)

    def _answer(self, key, start, direction) -> None:
        src, _, port, proto = key
        if direction == Direction.LOCAL and proto == 6 and port in ADMIN_PORTS:
            self._item((Fan.ADMIN, src), key, start)

    def _failure(self, key, start) -> None:
        _, dst, port, proto = key
        self.failures[dst, port, proto] += 1
        if self.failures[dst, port, proto] < 8:
            return
        name = (Fan.VICTIM, dst, port, proto)
        fan = self.fans.setdefault(name, self._new_fan(name))
        if self.contacts[key].failed == 1:
            fan.items.append(key)
        fan.times.append(start)
        fan.flows += 1
        fan.probes += 1
        self._schedule_fan(name, fan.flows, start)
