"""Argus flows as text (binetflow): comma or tab, a line of column names first.

Argus writes states in two ways. Flags seen each way ("FSPA_FSPA") become conn_state by what they
mean there; words become the nearest there is:

    both sent FIN -> SF       only SYN, no answer -> S0      SYN answered by RST -> REJ
    originator sent RST -> RSTO, without an answer RSTOS0    responder sent RST -> RSTR, RSTRH
    one FIN -> S2, S3, without the other end SH, SHR         both spoke, SYN seen -> S1, else OTH
    CON, EST, ACC, TIM -> S1 (UDP: SF)   INT, REQ -> S0   FIN, CLO -> SF   RST -> RSTR

Bytes are those of frames: payload is what remains behind the usual headers.
"""

import re
from collections.abc import Iterator

from appliance.sources.lines import LineFile
from appliance.sources.table import Column, Table

_FIRST_NAMES = re.compile(r"StartTime([,\t;])Dur\1Proto\1SrcAddr\1")
_MAC = re.compile(r"[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}")
_ETHERNET_BYTES = 14
# Headers behind Ethernet's: with TCP timestamps, as most speak it; a SYN carries more options.
_HEADERS = {"tcp": 52, "udp": 28, "icmp": 28, "ipv6-icmp": 48}
_SYN_OPTIONS = 8
_ZEEK_STATES = frozenset({
    "OTH", "S0", "S1", "SF", "REJ", "S2", "S3", "RSTO", "RSTR", "RSTOS0", "RSTRH", "SH", "SHR",
})  # fmt: skip
_WORDS = {
    "CON": "S1", "EST": "S1", "ACC": "S1", "TIM": "S1", "INT": "S0", "REQ": "S0", "FIN": "SF",
    "CLO": "SF", "RST": "RSTR",
}  # fmt: skip
_UNANSWERED = frozenset({"INT", "REQ"})
_ICMP = {
    "ECO": (8, 0), "ECR": (0, 8), "URP": (3, 3), "URH": (3, 1), "URN": (3, 0), "URF": (3, 2),
    "TXD": (11, 0), "RED": (5, 1), "SRC": (4, 0),
}  # fmt: skip
_LETTERS = (("S", "S"), ("A", "A"), ("P", "D"), ("F", "F"), ("R", "R"))


def find_separator(head: str) -> str | None:
    """Return what separates the columns; None if these are no Argus flows."""
    match = _FIRST_NAMES.match(head)
    return match.group(1) if match else None


class ArgusRecords:
    """Argus flows under the names that Zeek gives to such things; the n-th flow is called An."""

    set_separator = ","

    def __init__(self, file: LineFile, separator: str) -> None:
        self._file = file
        self._separator = separator
        self._read_so_far = 0
        self.damaged: dict[str, int] = {}

    def tables(self, size: int) -> Iterator[Table]:
        """Yield all flows of IP, `size` at a time, in the order of the file."""
        names: list[str] = []
        rows: list[dict[str, object]] = []
        for text in self._file.blocks():
            for line in filter(None, text.split("\n")):
                if _FIRST_NAMES.match(line):
                    names = line.split(self._separator)
                    continue
                row = self._read(names, line.split(self._separator))
                if row is not None:
                    rows.append(row)
                if len(rows) == size:
                    yield _table(rows)
                    rows = []
        if rows:
            yield _table(rows)

    def _read(self, names: list[str], values: list[str]) -> dict[str, object] | None:
        """Return one flow; None, counted, for a line that says nothing about one of IP."""
        reason = "columns"
        if len(values) == len(names):
            fields = dict(zip(names, map(str.strip, values), strict=True))
            reason = "no IP"
            if _is_ip(fields["SrcAddr"]):
                try:
                    row = _translate(fields)
                except (KeyError, ValueError):
                    reason = "values"
                else:
                    self._read_so_far += 1
                    return row | {"uid": f"A{self._read_so_far}"}
        self.damaged[reason] = self.damaged.get(reason, 0) + 1
        return None


def _is_ip(text: str) -> bool:
    """Tell an address from what ARP, LLC and Argus' own records have in its place."""
    return text not in {"", "0"} and not _MAC.fullmatch(text)


def _table(rows: list[dict[str, object]]) -> Table:
    columns: dict[str, Column] = {name: [row[name] for row in rows] for name in rows[0]}
    return Table(columns, len(rows))


def _translate(fields: dict[str, str]) -> dict[str, object]:
    """Return one flow; KeyError or ValueError for a line that cannot be understood."""
    proto, state = fields["Proto"], fields["State"]
    packets, size = _share(fields)
    headers = _HEADERS.get(proto, 20)
    ends = [(fields["SrcAddr"], fields["Sport"]), (fields["DstAddr"], fields["Dport"])]
    if fields.get("Dir", "") == "<-":
        ends.reverse()
        packets.reverse()
        size.reverse()
        state = "_".join(reversed(state.split("_")))
    ip_bytes = [max(s - _ETHERNET_BYTES * n, 0) for s, n in zip(size, packets, strict=True)]
    options = _SYN_OPTIONS if proto == "tcp" else 0
    payload = [max(b - headers * n - options, 0) for b, n in zip(ip_bytes, packets, strict=True)]
    ports = _ICMP.get(state) if "icmp" in proto else None
    sport, dport = ports or (_port(ends[0][1]), _port(ends[1][1]))
    conn_state, history = describe(proto, state)
    return {
        "ts": fields["StartTime"].replace("/", "-"), "proto": proto,
        "id.orig_h": ends[0][0], "id.orig_p": sport, "id.resp_h": ends[1][0], "id.resp_p": dport,
        "duration": float(fields["Dur"] or 0), "conn_state": conn_state, "history": history,
        "orig_pkts": packets[0], "resp_pkts": packets[1],
        "orig_bytes": payload[0], "resp_bytes": payload[1],
        "orig_ip_bytes": ip_bytes[0], "resp_ip_bytes": ip_bytes[1],
        "label": fields.get("Label") or None,
    }  # fmt: skip


def _port(text: str) -> int:
    return int(text, 16) if text.startswith("0x") else int(text or 0)


def _share(fields: dict[str, str]) -> tuple[list[int], list[int]]:
    """Return packets and bytes of the source and the destination."""
    packets, size = int(fields["TotPkts"] or 0), int(fields["TotBytes"] or 0)
    sent = min(int(fields["SrcBytes"] or 0), size)
    if fields.get("SrcPkts"):
        own = min(int(fields["SrcPkts"]), packets)
    elif sent == size or fields["State"] in _UNANSWERED:
        own = packets
    else:
        own = min(max((packets + 1) // 2, 1), packets)
    return [own, packets - own], [sent, size - sent]


def describe(proto: str, state: str) -> tuple[str, str]:
    """Return conn_state and history for a state of Argus."""
    if state in _ZEEK_STATES:
        return state, ""
    if proto == "udp":
        return ("S0", "D") if state in _UNANSWERED else ("SF", "Dd")
    if proto != "tcp":
        return "OTH", ""
    if "_" not in state:
        return _WORDS.get(state, "OTH"), ""
    source, _, target = state.partition("_")
    return _judge(set(source), set(target)), _spell(source, target)


def _judge(source: set[str], target: set[str]) -> str:
    """Return the conn_state of the flags that both ends sent."""
    source_fin, target_fin = "F" in source, "F" in target
    opened = "S" in source
    state = "S1" if "S" in source | target else "OTH"
    if source_fin and target_fin:
        state = "SF"
    elif "R" in target:
        rejected = source == {"S"} and "S" not in target
        state = "REJ" if rejected else "RSTR" if source else "RSTRH"
    elif "R" in source:
        state = "RSTO" if target else "RSTOS0" if opened else "OTH"
    elif source_fin:
        state = "S2" if target else "SH"
    elif target_fin:
        state = "S3" if source else "SHR"
    elif not target:
        state = "S0" if source == {"S"} else "OTH"
    return state


def _spell(source: str, target: str) -> str:
    """Return a history with one letter for each flag, in the usual order."""
    letters = ""
    for flag, letter in _LETTERS:
        if flag in source:
            letters += letter
        if flag in target:
            letters += "h" if flag == "S" and "A" in target else letter.lower()
    return letters
