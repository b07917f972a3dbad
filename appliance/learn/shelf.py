"""Model versions on disk: which there are, which one is in use, and the way back.

FOLDER/hosts-000007.model   one version
FOLDER/index.json           what became of each
"""

import logging
from enum import StrEnum
from pathlib import Path

import msgspec

from appliance.errors import DataError
from appliance.learn.modelfile import ModelFile, read_model_file, replace_file, write_model_file
from appliance.runtime.paths import make_private

_log = logging.getLogger(__name__)
_INDEX = "index.json"


class ModelState(StrEnum):
    """What became of a version."""

    CANDIDATE = "candidate"  # trained, not compared yet
    CURRENT = "current"
    FORMER = "former"  # was current; a roll-back goes to the newest of these
    REFUSED = "refused"  # was no better
    WITHDRAWN = "withdrawn"  # was current until somebody went back, or its file was damaged


class ModelEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One version, for people."""

    kind: str
    version: int
    state: ModelState
    parent: int = 0
    trained_s: float = 0.0
    since_s: float = 0.0
    until_s: float = 0.0
    rows: int = 0
    hosts: int = 0
    numbers: dict[str, float] = {}
    content: str = ""  # sha256; the same data give the same
    reason: str = ""  # why it is in this state


class ModelShelf:
    """The models of one appliance. Not for several threads at once."""

    def __init__(self, folder: Path, keep: int) -> None:
        """Open or make the folder.  keep : versions of each kind."""
        self.folder = make_private(folder)
        self._keep = keep
        self._entries = self._read_index()

    def entries(self) -> list[ModelEntry]:
        """Return all versions, newest first."""
        return sorted(self._entries, key=lambda entry: (-entry.version, entry.kind))

    def current(self, kind: str) -> ModelEntry | None:
        """Return the version in use."""
        return next((e for e in self.entries() if _is(e, kind, ModelState.CURRENT)), None)

    def load(self, kind: str) -> ModelFile | None:
        """Return the model in use. One that is damaged gives way to the version before it."""
        while (entry := self.current(kind)) is not None:
            try:
                return self.read(kind, entry.version)
            except DataError as error:
                _log.warning("%s; the version before it is used", error)
                self.withdraw(kind, str(error))
        return None

    def read(self, kind: str, version: int) -> ModelFile:
        """Return one version. Raises DataError if it is missing, damaged or another model."""
        path = self.path(kind, version)
        file = read_model_file(path)
        if (file.about.kind, file.about.version) != (kind, version):
            raise DataError(f"{path} holds another model than its name says")
        return file

    def path(self, kind: str, version: int) -> Path:
        """Return where a version lies."""
        return self.folder / f"{kind}-{version:06}.model"

    def add(self, file: ModelFile, trained_s: float) -> int:
        """Keep a newly trained model as a candidate; return its version."""
        kind = file.about.kind
        current = self.current(kind)
        version = 1 + max(
            [entry.version for entry in self._entries if entry.kind == kind] + self._files(kind),
            default=0,
        )
        parent = current.version if current else 0
        about = msgspec.structs.replace(
            file.about, version=version, parent=parent, trained_s=trained_s
        )
        write_model_file(self.path(kind, version), ModelFile(about, file.arrays))
        entry = ModelEntry(
            kind=kind, version=version, state=ModelState.CANDIDATE, parent=parent,
            trained_s=trained_s, since_s=about.since_s, until_s=about.until_s, rows=about.rows,
            hosts=about.hosts, numbers=about.numbers, content=about.content,
        )  # fmt: skip
        self._entries.append(entry)
        self._write_index()
        return version

    def promote(self, kind: str, version: int, reason: str) -> None:
        """Take a version into use. Raises DataError if there is none such."""
        if current := self.current(kind):
            self._set(current, ModelState.FORMER, current.reason)
        self._set(self._find(kind, version), ModelState.CURRENT, reason)
        self._prune(kind)
        self._write_index()

    def refuse(self, kind: str, version: int, reason: str) -> None:
        """Keep a version out of use."""
        self._set(self._find(kind, version), ModelState.REFUSED, reason)
        self._prune(kind)
        self._write_index()

    def roll_back(self, kind: str, reason: str = "taken back") -> int:
        """Go back to the version before the current one; return it. Raises DataError if none."""
        before = [e for e in self.entries() if _is(e, kind, ModelState.FORMER)]
        if not before:
            raise DataError(f"there is no earlier model of {kind} to go back to")
        self.read(kind, before[0].version)
        self.withdraw(kind, reason)
        return before[0].version

    def withdraw(self, kind: str, reason: str) -> None:
        """Take the current version out of use; the one before it, if any, takes its place."""
        if current := self.current(kind):
            self._set(current, ModelState.WITHDRAWN, reason)
        before = [e for e in self.entries() if _is(e, kind, ModelState.FORMER)]
        if before:
            self._set(before[0], ModelState.CURRENT, f"again in use: {reason}")
        self._write_index()

    def _find(self, kind: str, version: int) -> ModelEntry:
        for entry in self._entries:
            if (entry.kind, entry.version) == (kind, version):
                return entry
        raise DataError(f"there is no model of {kind} with version {version}")

    def _set(self, entry: ModelEntry, state: ModelState, reason: str) -> None:
        place = self._entries.index(entry)
        self._entries[place] = msgspec.structs.replace(entry, state=state, reason=reason)

    def _prune(self, kind: str) -> None:
        """Forget the oldest versions, but neither the current one nor the way back."""
        mine = [entry for entry in self.entries() if entry.kind == kind]
        former = [entry for entry in mine if entry.state == ModelState.FORMER]
        kept = {entry.version for entry in mine if entry.state == ModelState.CURRENT}
        kept |= {entry.version for entry in former[:1]}
        for entry in mine:
            if len(kept) < self._keep:
                kept.add(entry.version)
            if entry.version not in kept:
                self._entries.remove(entry)
                self.path(kind, entry.version).unlink(missing_ok=True)

    def _files(self, kind: str) -> list[int]:
        names = [path.stem.rpartition("-")[2] for path in self.folder.glob(f"{kind}-*.model")]
        return [int(name) for name in names if name.isdecimal()]

    def _read_index(self) -> list[ModelEntry]:
        path = self.folder / _INDEX
        try:
            return msgspec.json.decode(path.read_bytes(), type=list[ModelEntry])
        except FileNotFoundError:
            return []
        except (OSError, msgspec.DecodeError) as error:
            # models can be trained again; numbers go on behind the files that lie here
            _log.warning("%s cannot be used, models begin anew: %s", path, error)
            return []

    def _write_index(self) -> None:
        replace_file(self.folder / _INDEX, msgspec.json.format(msgspec.json.encode(self._entries)))


def _is(entry: ModelEntry, kind: str, state: ModelState) -> bool:
    return entry.kind == kind and entry.state == state
