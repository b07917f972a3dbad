"""TCP: every conn_state with its history, and what goes wrong on the way.

The thirteen states and the letters are those of Zeek's documentation of conn.log.
"""

from collections.abc import Iterator

from tests.corpus.scene import Scene, Tcp, tcp

DATA = b"x" * 100


def _state(state: str, history: str, **fields: object) -> tuple[Scene, Tcp]:
    scene = Scene(state)
    return scene, tcp(scene, state=state, history=history, **fields)


def states() -> Iterator[Scene]:
    """Yield one capture for each conn_state."""
    scene, talk = _state("S0", "S")
    talk.orig("S").orig("S", again=True)
    yield scene

    scene, talk = _state("S1", "ShADad")
    talk.open().orig("PA", DATA).resp("A").resp("PA", DATA).orig("A")
    yield scene

    scene, talk = _state("SF", "ShADadFf")
    talk.open().orig("PA", DATA).resp("A").resp("PA", DATA).orig("A").close()
    yield scene

    scene, talk = _state("REJ", "Sr")
    talk.orig("S").resp("RA")
    yield scene

    scene, talk = _state("S2", "ShADadF")
    talk.open().orig("PA", DATA).resp("A").resp("PA", DATA).orig("A").orig("FA").resp("A")
    yield scene

    scene, talk = _state("S3", "ShADadf")
    talk.open().orig("PA", DATA).resp("A").resp("PA", DATA).orig("A").resp("FA").orig("A")
    yield scene

    scene, talk = _state("RSTO", "ShADadR")
    talk.open().orig("PA", DATA).resp("A").resp("PA", DATA).orig("A").orig("RA")
    yield scene

    scene, talk = _state("RSTR", "ShADadr")
    talk.open().orig("PA", DATA).resp("A").resp("PA", DATA).orig("A").resp("RA")
    yield scene

    scene, talk = _state("RSTOS0", "SR")
    talk.orig("S").orig("R")
    yield scene

    scene, talk = _state("RSTRH", "^hr")
    talk.resp("SA").resp("R")
    yield scene

    scene, talk = _state("SH", "SF")
    talk.orig("S").orig("F")
    yield scene

    scene, talk = _state("SHR", "^hf")
    talk.resp("SA").resp("FA")
    yield scene

    scene, talk = _state("OTH", "DadA", partial=True)
    talk.orig("PA", DATA).resp("A").resp("PA", DATA).orig("A")
    yield scene


def troubles() -> Iterator[Scene]:
    """Yield what happens to connections in real networks."""
    yield from _midflow()
    yield from _lossy()
    yield from _odd()


def _midflow() -> Iterator[Scene]:
    scene = Scene("midflow-responder-first")
    talk = tcp(scene, (51_000, 443), state="OTH", history="^dADa", partial=True)
    talk.resp("PA", DATA).orig("A").orig("PA", DATA).resp("A")
    yield scene

    scene = Scene("midflow-synack-first")
    talk = tcp(scene, (51_000, 443), history="^hADa", partial=True)
    talk.lose("o", 1).resp("SA").orig("A").orig("PA", DATA).resp("A")
    yield scene


def _lossy() -> Iterator[Scene]:
    scene = Scene("retransmission")
    talk = tcp(scene, state="SF", history="ShADTadFf", retrans=1, gaps=0)
    talk.open().orig("PA", DATA).orig("PA", DATA, again=True).resp("A")
    talk.resp("PA", DATA).orig("A").close()
    yield scene

    scene = Scene("gap")
    talk = tcp(scene, state="SF", history="ShADaGdFf", retrans=0, gaps=1)
    talk.open().orig("PA", DATA).resp("A").lose("o", 500).resp("A")
    talk.orig("PA", DATA).resp("PA", DATA).orig("A").close()
    yield scene

    scene = Scene("zero-window")
    talk = tcp(scene, state="SF", history="ShADawdFf")
    talk.open().orig("PA", DATA).resp("A").orig("PA", DATA).resp("A", window=0).resp("A")
    talk.resp("PA", DATA).orig("A").close()
    yield scene


def _odd() -> Iterator[Scene]:
    scene = Scene("port-reuse")
    tcp(scene, state="SF", history="ShADadFf", reason="reused").open().orig("PA", DATA).resp(
        "A"
    ).resp("PA", DATA).orig("A").close()
    scene.wait(0.2)
    again = tcp(scene, state="S1", history="ShADad")
    again.next = {"o": 900_000, "r": 1_900_000}
    again.open().orig("PA", DATA).resp("A").resp("PA", DATA).orig("A")
    yield scene

    scene = Scene("gso")  # a frame no wire carries: 10 segments handed over in one piece
    talk = tcp(scene, state="SF", history="ShADadFf", gso=True)
    talk.open().orig("PA", DATA).resp("A").resp("A", b"x" * 14_480, cut=128).orig("A").close()
    yield scene

    scene = Scene("christmas-tree")  # SYN and FIN at once: no stack sends that
    talk = tcp(scene, history="Qr")
    talk.orig("SF").resp("RA")
    yield scene

    scene = Scene("ipv6")
    talk = tcp(
        scene, ends=("2001:db8:1::10", "2001:db8:2::20"), state="SF", history="ShADadFf"
    )  # fmt: skip
    talk.open().orig("PA", DATA).resp("A").resp("PA", DATA).orig("A").close()
    yield scene

    scene = Scene("cut-behind-ports")  # 8 bytes of TCP: a flow, but no flags to judge by
    talk = tcp(scene, state="OTH", history="")
    talk.orig("S", cut=14 + 20 + 8)
    yield scene
