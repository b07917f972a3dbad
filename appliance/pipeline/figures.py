"""Detection's counters as health and metrics show them."""

from appliance.cases.casebook import Casebook, CasebookStatistics
from appliance.detect.contacts import ContactStatistics
from appliance.detect.stage import Detector
from appliance.model.health import DetectionStatistics, TableFill

_TABLES = ("contacts", "timings", "hosts", "fans", "nets")


def collect_figures(
    detector: Detector, casebook: Casebook, raised: dict[str, int], *, learning: bool, model: int
) -> DetectionStatistics:
    """Return a snapshot; for the thread that judges.

    raised : alerts by severity;  model : version in use, 0 none
    """
    found, cases = detector.statistics(), casebook.statistics()
    return DetectionStatistics(
        enabled=True,
        learning=learning,
        signals=found.signals,
        alerts=dict(raised),
        open=casebook.count_open(),
        suppressed=_list_suppressed(cases),
        windows=found.windows,
        judged=found.judged,
        model=model,
        tables=_list_tables(found.tables) if found.tables is not None else {},
    )


def _list_suppressed(cases: CasebookStatistics) -> dict[str, int]:
    causes = {
        "muted": cases.muted,
        "allowed": cases.allowed,
        "off": cases.silenced,
        "learning": cases.learning,
        "blind": cases.blind,
        "budget": cases.beyond_day + cases.beyond_habits,
        "crowd": cases.crowd,
    }
    return {cause: count for cause, count in causes.items() if count}


def _list_tables(tables: ContactStatistics) -> dict[str, TableFill]:
    return {
        name: TableFill(
            used=getattr(tables, name),
            capacity=getattr(tables, f"{name}_capacity"),
            evicted=getattr(tables, f"{name}_evicted"),
        )
        for name in _TABLES
    }
