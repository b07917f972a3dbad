"""A replay on labelled data and its judgement."""

import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from appliance.config.options import EvaluateOptions
from appliance.config.schema import Config
from appliance.errors import ApplianceError
from appliance.evaluate.collect import Collector, Flows
from appliance.evaluate.labels import Labels, read_labels, read_log_labels
from appliance.evaluate.naive import score_naively
from appliance.evaluate.rankings import Opinions, learn_forest
from appliance.evaluate.report import Case, Report, make_report, mark_flows
from appliance.evaluate.table import render
from appliance.evaluate.truth import Truth, derive_truth, read_truth
from appliance.model.window import CLASSIC
from appliance.replay import Listener
from appliance.sources.recognise import is_log

_DAY_S = 86_400.0
_FLOWS, _WINDOWS = "flows", "windows"


# Replays inputs with detection, to the end, and tells a listener everything.
Judge = Callable[[Config, tuple[str, ...], Listener], None]


def evaluate(
    config: Config, inputs: tuple[str, ...], options: EvaluateOptions, judge: Judge
) -> int:
    """Print how good detection is on labelled data; return the exit code.

    Raises ApplianceError if the inputs, labels or truth cannot be read, or nothing is labelled.
    """
    report = measure(config, inputs, options, judge)
    if options.form == "json":
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    else:
        sys.stdout.write(render(report))
    return 0


def measure(
    config: Config, inputs: tuple[str, ...], options: EvaluateOptions, judge: Judge
) -> Report:
    """Return the figures."""
    options = _look_beside(inputs, options)
    labels = _find_labels(inputs, options)
    collector = Collector()
    judge(config, inputs, collector)
    flows, windows = collector.flows(), collector.windows()
    if not flows.uids:
        raise ApplianceError("no flows in the inputs: nothing to evaluate")
    truth = _find_truth(options, flows, labels, collector.first_s)
    matrices = {_FLOWS: flows.features} if labels else {}
    opinions = None
    if windows is not None:
        matrices[_WINDOWS] = windows.values[:, : len(CLASSIC)]
        forest = learn_forest(windows) if options.naive else None
        opinions = Opinions(windows, collector.later_windows(), forest)
    naive = score_naively(matrices) if options.naive else {}
    if opinions is not None:
        opinions = opinions._replace(naive=naive.get(_WINDOWS))
    case = Case(
        flows=flows,
        alerts=collector.alerts(),
        windows=opinions,
        labels=labels,
        truth=truth,
        days=max((collector.last_s - collector.first_s) / _DAY_S, 1.0),
        naive_flows=naive.get(_FLOWS),
    )
    return make_report(case)


def _look_beside(inputs: tuple[str, ...], options: EvaluateOptions) -> EvaluateOptions:
    """Return the options with X.labels.csv and X.truth.csv beside a single log X.log.

    That is how simulated days are labelled. Only where nothing was said: files given by hand are
    all that counts.
    """
    if options.labels is not None or options.truth is not None or len(inputs) != 1:
        return options
    path = Path(inputs[0])
    labels, truth = path.with_suffix(".labels.csv"), path.with_suffix(".truth.csv")
    # flows of packets get uids of their own: labels of flows do not fit them
    return msgspec.structs.replace(
        options,
        labels=labels if labels.is_file() and path.is_file() and is_log(inputs[0]) else None,
        truth=truth if truth.is_file() else None,
    )


def _find_labels(inputs: tuple[str, ...], options: EvaluateOptions) -> Labels:
    if options.labels is not None:
        return read_labels(str(options.labels))
    labels = read_log_labels([path for path in inputs if is_log(path)])
    if not labels and options.truth is None:
        raise ApplianceError("nothing is labelled: give --labels or --truth")
    return labels


def _find_truth(options: EvaluateOptions, flows: Flows, labels: Labels, first_s: float) -> Truth:
    if options.truth is not None:
        return read_truth(str(options.truth), first_s)
    bad, known = mark_flows(flows, labels)
    if not known.any():
        raise ApplianceError(
            "no flow of the inputs has a label: do uids and labels belong together?"
        )
    chosen = flows.from_home & known
    return derive_truth(flows.hosts[chosen], flows.starts_s[chosen], bad[chosen])
