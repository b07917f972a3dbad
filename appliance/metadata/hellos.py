"""Puts together ClientHellos that came in several segments or datagrams, within fixed bounds."""

from collections import OrderedDict
from typing import Generic, TypeVar

from appliance.metadata.packet import Packet
from appliance.metadata.quic import Initial, Opener, find_initials, make_opener, read_crypto
from appliance.metadata.tls import CLIENT_HELLO, ClientHello, join_records, parse_client_hello

HELLO_BYTES = 8_192  # kept of one flow; four times the largest hello with post-quantum keys
PIECES = 64  # per flow
STREAMS = 512  # unfinished hellos of each kind: 4 MiB if all are full
INITIALS = 4  # decrypted per flow

_WORD = 0xFFFFFFFF


class Fragments:
    """Pieces of one byte stream, in any order, twice, overlapping. What came first stays."""

    __slots__ = ("_pieces",)

    def __init__(self) -> None:
        self._pieces: dict[int, bytes] = {}

    def add(self, offset: int, data: bytes) -> None:
        """Keep a piece; one beyond the bounds is ignored, so the stream stays incomplete there."""
        data = data[: max(HELLO_BYTES - offset, 0)]
        if data and (offset in self._pieces or len(self._pieces) < PIECES):
            known = self._pieces.get(offset, b"")
            self._pieces[offset] = known + data[len(known) :]

    def join(self) -> bytes:
        """Return the stream from offset 0 to the first hole."""
        joined = b""
        for offset in sorted(self._pieces):
            if offset > len(joined):
                break
            joined += self._pieces[offset][len(joined) - offset :]
        return joined


State = TypeVar("State")


class BoundedStates(Generic[State]):
    """At most STREAMS states by flow id; the oldest gives way."""

    def __init__(self) -> None:
        self._states: OrderedDict[int, State] = OrderedDict()
        self.evicted = 0

    def get(self, flow_id: int) -> State | None:
        """Return the state of a flow."""
        return self._states.get(flow_id)

    def put(self, flow_id: int, state: State) -> None:
        """Keep a new state."""
        if len(self._states) >= STREAMS:
            self._states.popitem(last=False)
            self.evicted += 1
        self._states[flow_id] = state

    def drop(self, flow_id: int) -> None:
        """Forget a flow, if it is known."""
        self._states.pop(flow_id, None)


class _Segments:
    __slots__ = ("base_seq", "fragments", "from_orig")

    def __init__(self, packet: Packet) -> None:
        self.base_seq = packet.seq
        self.from_orig = packet.from_orig
        self.fragments = Fragments()


class TlsHellos:
    """ClientHellos from TCP segments."""

    def __init__(self) -> None:
        self.states: BoundedStates[_Segments] = BoundedStates()

    def absorb(self, packet: Packet) -> ClientHello | None:
        """Return what is known of the flow's hello after this segment; None if nothing."""
        state = self.states.get(packet.flow_id)
        if state is None:
            handshake = join_records(packet.payload)
            if handshake[:1] != bytes([CLIENT_HELLO]):
                return None
            hello = parse_client_hello(handshake)
            if hello is None or not hello.complete:
                state = _Segments(packet)
                state.fragments.add(0, packet.payload)
                self.states.put(packet.flow_id, state)
            return hello
        if packet.from_orig != state.from_orig:
            return None
        state.fragments.add(packet.seq - state.base_seq & _WORD, packet.payload)
        hello = parse_client_hello(join_records(state.fragments.join()))
        if hello is not None and hello.complete:
            self.states.drop(packet.flow_id)
        return hello


class _Datagrams:
    __slots__ = ("destination", "fragments", "opener", "tried")

    def __init__(self, opener: Opener, destination: bytes) -> None:
        self.opener = opener
        self.destination = destination  # the id the keys were made from
        self.fragments = Fragments()
        self.tried = 0


class QuicHellos:
    """ClientHellos from QUIC Initials. Decryption is limited per second of packet time."""

    def __init__(self, decryptions_per_s: int) -> None:
        self.states: BoundedStates[_Datagrams] = BoundedStates()
        self.refused = 0  # packets not decrypted because of the limit
        self._limit = decryptions_per_s
        self._second = 0
        self._used = 0

    def absorb(self, packet: Packet) -> ClientHello | None:
        """Return what is known of the flow's hello after this datagram; None if nothing."""
        if packet.cut:
            return None  # the authentication tag is missing
        state = None
        for initial in find_initials(packet.payload):
            if not self._allow(packet.ts_ns):
                return None
            state = self._open(packet, initial) or state
        if state is None:
            return None
        hello = parse_client_hello(state.fragments.join())
        if hello is not None and hello.complete:
            self.states.drop(packet.flow_id)
        return hello

    def _open(self, packet: Packet, initial: Initial) -> _Datagrams | None:
        """Add the packet's CRYPTO frames to its flow; None if it cannot be opened.

        Later Initials carry another destination id but the same keys, except after a Retry.
        """
        state = self.states.get(packet.flow_id)
        frames = None
        if state is not None:
            state.tried += 1
            if state.tried > INITIALS:
                return None
            frames = state.opener.open(packet.payload, initial)
        if frames is None and (state is None or state.destination != initial.destination):
            opener = make_opener(initial.version, initial.destination)
            frames = opener.open(packet.payload, initial)
            if frames is not None:
                state = _Datagrams(opener, initial.destination)
                state.tried = 1
                self.states.drop(packet.flow_id)
                self.states.put(packet.flow_id, state)
        if frames is None or state is None:
            return None
        for offset, data in read_crypto(frames):
            state.fragments.add(offset, data)
        return state

    def _allow(self, ts_ns: int) -> bool:
        second = ts_ns // 1_000_000_000
        if second != self._second:
            self._second, self._used = second, 0
        if self._used >= self._limit:
            self.refused += 1
            return False
        self._used += 1
        return True
