"""Signs of an attack: counts of lines of the log, and alarms on them."""

from typing import Any

from chalicelib.domain.actions import AuditAction
from infrastructure.resources import Json, ref

_FIVE_MINUTES = 300
_MADE = [
    one for one in AuditAction if one.startswith(("bot:", "user:")) and one.partition(":")[2] in ("create", "add_key")
]
_API_LOGS = ("APIHandlerLog", "BulkHandlerLog")
FILTERS: dict[str, tuple[tuple[str, ...], str]] = {
    "KeysRefused": (_API_LOGS, '{ $.code = "unauthenticated" }'),
    "CallsForbidden": (_API_LOGS, '{ $.code = "forbidden" }'),
    "KeysMade": (_API_LOGS, "{ " + " || ".join(f'($.events[0].action = "{one}")' for one in _MADE) + " }"),
    "GatewayThrottled": (("AccessLog",), "{ $.status = 429 }"),
}
"""Each metric of the stage, with the logs and the pattern of the lines that it counts."""


def filters(stage: str) -> Json:
    """The metric filters."""
    return {
        f"{name}In{log}": _filter(stage, name, log, pattern)
        for name, (logs, pattern) in FILTERS.items()
        for log in logs
    }


def alarms(stage: str) -> dict[str, dict[str, Any]]:
    """Each alarm by its logical id, as `watch` writes them."""
    says = {
        "KeysRefused": ("More than 100 requests in five minutes came with a wrong key, or without one.", 100),
        "CallsForbidden": ("More than 50 requests in five minutes asked for what their key may not do.", 50),
        "KeysMade": ("A bot, a user or a key was created.", 0),
        "GatewayThrottled": ("The gateway turned away more than 100 requests in five minutes.", 100),
    }
    return {
        name: {"says": text, "metric": _metric(stage, name), "period": _FIVE_MINUTES, "above": above}
        for name, (text, above) in says.items()
    }


def _metric(stage: str, name: str) -> Json:
    return {"Namespace": f"warmup-{stage}", "MetricName": name, "Dimensions": []}


def _filter(stage: str, name: str, log: str, pattern: str) -> Json:
    counted = {"MetricNamespace": f"warmup-{stage}", "MetricName": name, "MetricValue": "1", "DefaultValue": 0}
    properties = {"LogGroupName": ref(log), "FilterPattern": pattern, "MetricTransformations": [counted]}
    return {"Type": "AWS::Logs::MetricFilter", "Properties": properties}
