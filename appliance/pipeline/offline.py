"""Learning without a running appliance: on the store, in this process."""

from pathlib import Path

from appliance.config.schema import Config
from appliance.enrich.networks import HomeNetworks
from appliance.learn.analysis import Opinion, analyze
from appliance.learn.hostscorer import HostScorer
from appliance.learn.shelf import ModelShelf
from appliance.learn.trainer import Trainer, TrainingStatus
from appliance.model.views import ModelRow
from appliance.pipeline.stored import StoredHistory
from appliance.pipeline.training import MODELS, make_row, roll_back
from appliance.store.reader import StoreReader

_LOOKED_AT_S = 86_400.0  # before the newest window


class Workshop:
    """The models and the history of one store; for as long as no appliance runs.

    path : the store's folder. Raises StoreError if there is none.
    """

    def __init__(self, config: Config, path: Path) -> None:
        self._learn = config.learn
        self._shelf = ModelShelf(path / MODELS, config.learn.keep)
        self._reader = StoreReader(path)
        home = HomeNetworks(config.network.home)
        self._history = StoredHistory(path, self._reader, home)

    def train(self, now_s: float) -> TrainingStatus:
        """Train and wait for the end."""
        self._history.now_s = now_s
        trainer = Trainer(self._learn, self._shelf, self._history)
        try:
            return trainer.train_now(now_s)
        finally:
            trainer.close()

    def analyze(self) -> list[Opinion]:
        """Return what is thought of the hosts of the newest window, the worst first."""
        newest_s = self._reader.stats().newest
        windows = self._history.newest_windows(newest_s - _LOOKED_AT_S)
        if not windows:
            return []
        model = Trainer(self._learn, self._shelf, self._history).load().hosts
        return analyze(windows[-1], None if model is None else HostScorer(model))

    def models(self) -> list[ModelRow]:
        """Return the versions there are, the newest first."""
        return [make_row(entry) for entry in self._shelf.entries()]

    def roll_back(self, version: int) -> ModelRow | None:
        """Take an earlier version into use; 0 = undo the last; None if there is none."""
        entry = roll_back(self._shelf, version)
        return None if entry is None else make_row(entry)

    def close(self) -> None:
        """Close the store."""
        self._reader.close()
