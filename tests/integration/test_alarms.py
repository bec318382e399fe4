"""Alarms stand on metrics that are really written: each of ours is looked up in what the timers print."""

import io
import json
import re
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.edge.serve import installed
from chalicelib.logs import Logs
from infrastructure import attacks, watch
from tests.agency import LEASE, Agency
from tests.wire import Fault

STAGE = "prod"
TIMERS = ("open_due_phases", "close_lost_sessions", "watch_pools")
Metric = tuple[str, str, frozenset[tuple[str, str]]]


def written(text: str) -> set[Metric]:
    """The metrics (namespace, name, dimensions) in lines of the log, as CloudWatch finds them."""
    found = set()
    for line in text.splitlines():
        document: dict[str, Any] = json.loads(line)
        for told in document.get("_aws", {}).get("CloudWatchMetrics", ()):
            for dimensions in told["Dimensions"]:
                at = frozenset((name, document[name]) for name in dimensions)
                found |= {(told["Namespace"], metric["Name"], at) for metric in told["Metrics"]}
    return found


def alarmed() -> dict[str, Metric]:
    """What our own alarms look at, by the alarm."""
    return {
        name: (
            alarm["Properties"]["Namespace"],
            alarm["Properties"]["MetricName"],
            frozenset((one["Name"], one["Value"]) for one in alarm["Properties"]["Dimensions"]),
        )
        for name, alarm in watch.resources(STAGE).items()
        if alarm["Type"] == "AWS::CloudWatch::Alarm"
        and not alarm["Properties"]["Namespace"].startswith("AWS/")
        and name not in attacks.FILTERS  # their metrics are made of lines of the log, see below
    }


def test_every_alarm_on_a_metric_of_ours_finds_it(
    agency: Agency, monkeypatch: pytest.MonkeyPatch, log: io.StringIO
) -> None:
    settings = replace(installed.settings, metrics_namespace=f"warmup-{STAGE}")
    monkeypatch.setattr(installed, "logs", Logs(settings))
    agency.operator.account("a1")
    agency.worker().start("a1").ok()
    agency.time.advance(LEASE)
    agency.wire.fail(Fault.REFUSED)
    for timer in TIMERS:
        agency.timer(timer)
    metrics = written(log.getvalue())
    assert len(alarmed()) >= 5
    for name, metric in alarmed().items():
        assert metric in metrics, f"{name} looks at {metric}, and nobody writes it: {sorted(map(str, metrics))}"


def counted(pattern: str, line: dict[str, Any]) -> bool:
    """Whether a metric filter of this pattern counts the line: comparisons of members, and `||` between them."""
    for path, value in re.findall(r"\$\.([\w.\[\]]+) = (\"[^\"]*\"|\d+)", pattern):
        found: Any = line
        for part in re.findall(r"\w+", path):
            found = (
                found[int(part)] if isinstance(found, list) else found.get(part) if isinstance(found, dict) else None
            )
        if found == json.loads(value):
            return True
    return False


def test_every_filter_counts_the_lines_that_it_is_for(
    agency: Agency, monkeypatch: pytest.MonkeyPatch, log: io.StringIO
) -> None:
    monkeypatch.setattr(installed, "logs", Logs(installed.settings))
    agency.nobody().get("/api/operator/bots").refused(401, "unauthenticated")
    agency.worker().send("GET", "/api/operator/bots").refused(403, "forbidden")
    agency.hire("b9")
    agency.operator.post("/api/operator/bots/b9/keys").ok(201)
    agency.operator.get("/api/operator/bots").ok()
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    found = {
        name: [line["message"] for line in lines if counted(pattern, line)]
        for name, (logs, pattern) in attacks.FILTERS.items()
        if "AccessLog" not in logs
    }
    assert {name: len(messages) for name, messages in found.items()} == {
        "KeysRefused": 1,
        "CallsForbidden": 1,
        "KeysMade": 2,
    }, found
