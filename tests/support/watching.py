"""A watch over a real store, fed by hand."""

from pathlib import Path
from typing import Any

from appliance.config.schema import Config, Detect, GeoIP, Learn, Store
from appliance.enrich.networks import HomeNetworks
from appliance.enrich.stage import Enricher
from appliance.model.alert import Alert, AlertChange
from appliance.model.flow import Direction, FlowBatch
from appliance.pipeline.detection import News
from appliance.pipeline.sight import Losses
from appliance.pipeline.watch import Bearings, Watch
from appliance.runtime.mailbox import Mailbox
from appliance.store.writer import StoreWriter
from tests.support.flowbatches import T0_S, batch, flow

SMALL = Detect(max_hosts=64, max_contacts=1_024, max_timed=256, max_fans=256)
SCANNER, VICTIM = "192.168.1.5", "192.168.1.9"
SYN_SENT = 1


def scan(at_s: float = T0_S, ports: int = 120, host: str = SCANNER) -> FlowBatch:
    """Return connection attempts to many ports that nobody answers, over ten seconds."""
    return batch(
        flow(
            host, VICTIM, start_s=at_s + port * 10 / ports, duration_s=0.0, dport=port + 1,
            direction=Direction.LOCAL, orig_state=SYN_SENT, history_lo=1, history_len=1,
            resp_packets=0, resp_bytes=0, resp_ip_bytes=0,
        )
        for port in range(ports)
    )  # fmt: skip


def contact(at_s: float, host: str = SCANNER) -> FlowBatch:
    """Return one harmless flow."""
    return batch([flow(host, "203.0.113.8", start_s=at_s, orig_payload=300, resp_payload=900)])


class Post:
    """One watch with its surroundings; everything of it is driven by the test's thread."""

    def __init__(self, folder: Path, config: Config | None = None) -> None:
        self.folder = folder / "store"
        self.config = config or Config(detect=SMALL, learn=Learn(learning_s=0))
        self.writer = StoreWriter(self.folder, Store())
        self.enricher = Enricher(GeoIP(), HomeNetworks(()), data_dir=folder)
        self.mailbox = Mailbox()
        self.said: list[AlertChange] = []
        self.watch = self.make_watch()

    def make_watch(self) -> Watch:
        return Watch(self.config, self.writer, self.folder, self.mailbox, (self.said.extend,))

    def open(self, now_s: float = T0_S) -> Watch:
        """Open the watch and let it go through what is stored."""
        self.watch.open(Bearings(self.enricher, lambda *_: "", Losses), now_s)
        while self.watch.busy:
            self.watch.turn(now_s, silent=True)
        return self.watch

    def take(self, made: FlowBatch, now_s: float | None = None) -> None:
        """Hand over flows as a pipeline does."""
        self.enricher.enrich(made)
        newest_s = float(made.flows["last_ns"].max()) / 1e9
        self.watch.take(News(made), newest_s if now_s is None else now_s)

    def raise_alert(self) -> Alert:
        """Return the alert of a port scan."""
        self.take(scan())
        return next(change.alert for change in self.said if change.what == "raised")

    def do(self, job: Any) -> Any:
        """Return what came of something asked for."""
        self.mailbox.serve()
        return job.result(0)

    def close(self) -> None:
        self.writer.close()
