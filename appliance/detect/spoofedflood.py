"""A flood from invented sources: many of them failing at one service."""

from appliance.detect.fanview import FanView, say_few, say_service, say_span
from appliance.detect.weights import Weights
from appliance.model.alert import Family, Signal, Term
from appliance.model.contact import TIMES


def spoofed_flood(view: FanView, weights: Weights) -> Signal | None:
    """Judge the sources that failed at one service. Fan.VICTIM.

    The sources prove nothing about anybody: the alert's host is the target.
    """
    limit = weights.spoofed_flood
    if view.items < limit.sources:
        return None
    recent_s = view.times_s[-1] - view.times_s[0]  # of the last TIMES attempts
    swarm = view.proto == 17 and view.port >= 1_024
    if recent_s > (limit.rate_swarm_s if swarm else limit.rate_s):
        return None
    terms = [Term("sources", limit.weight, f"the last {TIMES} within {say_span(recent_s)}")]
    each = view.probes / view.items
    if each > limit.flows_each:
        terms.append(Term("returning", limit.returning, f"{each:.1f} attempts of each"))
    names = [item.address.ip for item in view.examples[:4]]
    return Signal(
        ts_s=view.times_s[-1],
        first_s=view.first_s,
        last_s=max(view.last_s, view.times_s[-1]),
        rule="spoofed_flood",
        kind="flood",
        family=Family.RATE,
        host=view.source,
        peers=tuple(names),
        port=view.port,
        proto=view.proto,
        weight=sum(term.weight for term in terms),
        terms=tuple(terms),
        sentence=(
            f"was flooded on {say_service(view.port, view.proto)} by {view.items} sources "
            f"in {say_span(view.span_s)}, all in vain ({say_few(names, view.items)})"
        ),
        count=view.items,
        half_life_s=weights.fanout.half_life_s,
        inside=view.source.local,
    )
