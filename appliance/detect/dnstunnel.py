"""Data in names: long ones, each another, below one domain."""

from collections import OrderedDict, deque
from math import log2
from zlib import crc32

from appliance.detect.domains import has_top_label, registered_domain
from appliance.detect.fanview import DAY_S, Resolve, say_span
from appliance.detect.weights_watch import DnsTunnelWeights
from appliance.model.alert import Family, Signal, Term
from appliance.model.observation import DnsSeen

CARRIERS = 1_024  # (client, domain) with long names, about 10 kB each at most
TIMES = 128  # last new names remembered of each
RECENT = 64  # names among which a new one is told from a repeated one
NAME_CHARACTERS = 253
LONG = 16  # characters in front of the registered domain; shorter ones carry little
SHORTEST = LONG + 4  # with the shortest domain behind it

# Services that ask by long names for a reason: reputation of files and addresses, telemetry,
# content networks. Their customers' machines make hundreds of names a day.
_SERVICES = frozenset(
    {
        "abuse.ch", "adobe.com", "akadns.net", "akamai.net", "akamaiedge.net", "akamaihd.net",
        "akamaized.net", "amazonaws.com", "apple-dns.net", "apple.com", "avast.com", "avcdn.net",
        "avg.com", "avira.com", "azure.com", "azureedge.net", "barracudacentral.org",
        "bitdefender.net", "brightcloud.com", "cedexis-radar.net", "cloudapp.net",
        "cloudflare.com", "cloudfront.net", "cymru.com", "dnswl.org", "doubleclick.net",
        "e5.sk", "edgekey.net", "edgesuite.net", "esetnod32.ru", "f-secure.com", "fastly.net",
        "fbcdn.net", "footprint.net", "fsapi.com", "google.com", "googleapis.com",
        "googlesyndication.com", "googleusercontent.com", "googlevideo.com", "gstatic.com",
        "gvt1.com", "gvt2.com", "icloud.com", "kaspersky-labs.com", "kaspersky.com", "llnwd.net",
        "mailshell.net", "mcafee.com", "microsoft.com", "msedge.net", "msftncsi.com",
        "nelreports.net", "netflix.com", "nflxso.net", "nflxvideo.net", "office.com",
        "office365.com", "omtrdc.net", "rackcdn.com", "safebrowsing.apple", "senderbase.org",
        "senderscore.com", "sophosxl.com", "sophosxl.net", "sorbs.net", "spamcop.net",
        "spamhaus.net", "spamhaus.org", "spotilocal.com", "support-intelligence.net",
        "surbl.org", "symantec.com", "trafficmanager.net", "trendmicro.com", "uribl.com",
        "webroot.com", "windows.com", "windows.net", "yahoodns.net",
    }
)  # fmt: skip
_PLAIN_TYPES = frozenset({"A", "AAAA", "PTR", "HTTPS", "SVCB", "NS", "SOA", "DS"})


class _Carrier:
    """Long names of one client below one domain."""

    __slots__ = ("characters", "day", "day_names", "first_s", "names", "next_at", "odd", "recent",
                 "times_s")  # fmt: skip

    def __init__(self, first_s: float) -> None:
        self.first_s = first_s
        self.recent: OrderedDict[int, None] = OrderedDict()
        self.times_s: deque[float] = deque(maxlen=TIMES)
        self.names = 0
        self.characters = 0
        self.odd = 0  # names asked for by a type that carries much
        self.day = 0
        self.day_names = 0
        self.next_at = 0


class NameTunnels:
    """Watches long names by client and registered domain; the least lately used gives way."""

    def __init__(self, weights: DnsTunnelWeights, resolve: Resolve) -> None:
        self._weights = weights
        self._resolve = resolve
        self._carriers: OrderedDict[tuple[int, int, str], _Carrier] = OrderedDict()
        self.evicted = 0

    def __len__(self) -> int:
        return len(self._carriers)

    def observe(self, seen: DnsSeen) -> Signal | None:
        """Take a question or an answer; return what its domain's names are worth, if that grew."""
        if len(seen.name) < SHORTEST:
            return None
        domain = registered_domain(seen.name) or _without_domain(seen.name)
        # Bytes that do not print are escaped: a name is never longer than this.
        length = min(len(seen.name), NAME_CHARACTERS) - len(domain) - 1
        if length < LONG or not domain or domain in _SERVICES:
            return None
        key = (seen.client_hi, seen.client_lo, domain)
        carrier = self._carriers.get(key) or self._add(key, seen.ts_ns / 1e9)
        self._carriers.move_to_end(key)
        if not _note(carrier, seen, length) or carrier.names < carrier.next_at:
            return None
        signal = self._judge(key, carrier, seen)
        if signal is not None:
            carrier.next_at = carrier.names + max(carrier.names // 4, 8)
        return signal

    def _add(self, key: tuple[int, int, str], first_s: float) -> _Carrier:
        if len(self._carriers) >= CARRIERS:
            self._carriers.popitem(last=False)
            self.evicted += 1
        carrier = self._carriers[key] = _Carrier(first_s)
        return carrier

    def _judge(self, key: tuple[int, int, str], carrier: _Carrier, seen: DnsSeen) -> Signal | None:
        limit = self._weights
        mean = carrier.characters / carrier.names
        long = mean >= limit.characters
        ratio, span_s = _exceeds(carrier, limit, long=long)
        if ratio < 1:
            return None
        beyond = max(mean - limit.characters, 0.0) * limit.per_characters
        many = limit.per_doubling * min(log2(ratio), limit.doublings_most)
        terms = [
            Term("names", limit.weight, f"{carrier.names} different names below {key[2]}"),
            Term("length", min(beyond, limit.characters_most), f"{mean:.0f} characters each"),
            Term("many", many, f"{ratio:.1f} times the limit of {say_span(span_s)}"),
        ]
        carries = carrier.odd >= limit.odd_share * carrier.names
        if carries:
            text = f"{carrier.odd} of types like {seen.type}"
            terms.append(Term("types", limit.odd_types, text))
        last_s = carrier.times_s[-1]
        return Signal(
            ts_s=last_s,
            first_s=carrier.first_s,
            last_s=last_s,
            rule="dns_tunnel",
            kind="dns_tunnel",
            family=Family.TUNNEL,
            host=self._resolve(key[0], key[1]),
            peer=self._resolve(seen.server_hi, seen.server_lo),
            peer_name=key[2],
            port=53,
            proto=17,
            weight=sum(term.weight for term in terms),
            terms=tuple(terms),
            sentence=(
                f"asked for {carrier.names} different names below {key[2]} in "
                f"{say_span(last_s - carrier.first_s)}, {mean:.0f} characters each, "
                f"{carrier.characters / 1_000:.1f} kB in all"
            ),
            count=carrier.names,
            solo_limit=99.0 if carries or mean >= limit.clear_characters else limit.solo,
            half_life_s=limit.half_life_s,
        )


def _without_domain(name: str) -> str:
    """Return a key for names asked straight of a server that plays along: no top-level domain."""
    return "" if "." not in name or has_top_label(name) else "(no domain)"


def _note(carrier: _Carrier, seen: DnsSeen, length: int) -> bool:
    """Count a name; tell whether it is another than the last ones."""
    number = crc32(seen.name.encode())
    if number in carrier.recent:
        carrier.recent.move_to_end(number)
        return False
    carrier.recent[number] = None
    if len(carrier.recent) > RECENT:
        carrier.recent.popitem(last=False)
    ts_s = seen.ts_ns / 1e9
    day = int(ts_s // DAY_S)
    if day != carrier.day:
        carrier.day, carrier.day_names = day, 0
    carrier.day_names += 1
    carrier.times_s.append(ts_s)
    carrier.names += 1
    carrier.characters += length
    carrier.odd += seen.type not in _PLAIN_TYPES
    return True


def _exceeds(carrier: _Carrier, limit: DnsTunnelWeights, *, long: bool) -> tuple[float, float]:
    """Return (count over limit, window in s) of the window that exceeds its limit most."""
    now_s = carrier.times_s[-1]
    in_300_s = sum(ts > now_s - 300.0 for ts in carrier.times_s)
    if not long:
        return in_300_s / limit.short_names_300_s, 300.0
    in_3600_s = sum(ts > now_s - 3_600.0 for ts in carrier.times_s)
    return max(
        (in_300_s / limit.names_300_s, 300.0),
        (in_3600_s / limit.names_3600_s, 3_600.0),
        (carrier.day_names / limit.names_day, DAY_S),
    )
