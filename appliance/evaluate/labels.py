"""What single flows are, by their uid: a table of labels, or a log that carries them."""

import csv
from pathlib import Path

from appliance.errors import ApplianceError, FormatError
from appliance.sources.recognise import ARGUS, CONN, find_logs, open_log

BENIGN = frozenset({"benign", "normal", "background", "-", "", "0", "false"})
UNKNOWN = frozenset({"unknown"})
_FIELDS = frozenset({"uid", "label"})
_RECORDS = 10_000

Labels = dict[str, str]  # uid -> what the flow is, in the file's words


def is_bad(label: str) -> bool:
    """Tell whether a label accuses: it is neither one of the usual words for benign nor unknown."""
    word = label.strip().lower()
    # "From-Botnet-V1", but "From-Normal" and "flow=Background-UDP"
    parts = word.removeprefix("flow=").removeprefix("from-").split("-")
    return word not in BENIGN | UNKNOWN and parts[0] not in BENIGN


def is_unknown(label: str) -> bool:
    """Tell whether a label leaves it open."""
    return label.strip().lower() in UNKNOWN


def read_labels(path: str) -> Labels:
    """Return the label of every flow.

    path : CSV with the columns uid and label, or a log with a column called label
    ApplianceError if it is neither.
    """
    found = _read_csv(Path(path))
    if found is None:
        found = read_log_labels([path])
    if not found:
        raise ApplianceError(f"no labels in {path}: a CSV with uid and label, or a labelled log")
    return found


def read_log_labels(inputs: list[str]) -> Labels:
    """Return what labelled logs say; nothing for those without a column of labels."""
    found: Labels = {}
    for path in (path for given in inputs for path in find_logs(given)):
        log = open_log(path, _FIELDS)
        try:
            for table in log.records.tables(_RECORDS) if log.kind in {CONN, ARGUS} else ():
                labels = table.raw("label")
                pairs = zip(table.texts("uid"), labels, strict=True)
                found |= {uid: str(label) for uid, label in pairs if uid and label is not None}
        finally:
            log.file.release()
    return found


def _read_csv(path: Path) -> Labels | None:
    """Return None if this is no CSV with the two columns."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            if not {"uid", "label"} <= set(reader.fieldnames or ()):
                return None
            return {row["uid"]: row["label"] or "" for row in reader if row["uid"]}
    except OSError as error:
        raise ApplianceError(f"cannot read {path}: {error.strerror or error}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise FormatError(f"{path} is neither a CSV of labels nor a log ({error})") from error
