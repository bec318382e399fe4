"""The log: one structured line a call (Powertools), metrics and all; never a key, a token or a presigned URL.

The metrics stand in the line itself, in CloudWatch's embedded metric format: its member `_aws` says which of the
line's members are metrics, and by which of them they are distinguished. At a log level above INFO there are none.
"""

import sys
from collections.abc import Mapping
from functools import cached_property
from typing import Any, TextIO

from aws_lambda_powertools import Logger

from chalicelib.context import Context
from chalicelib.settings import Settings

_SERVICE = "warmup"


def make(stream: TextIO) -> Logger:
    """The logger. Powertools keeps one a name: the first caller decides on its stream."""
    return Logger(service=_SERVICE, stream=stream, use_rfc3339=True, utc=True, location=None)


class Logs:
    """Where lines and metrics of calls go. What a use case noted on its context goes along."""

    def __init__(self, settings: Settings | None = None) -> None:
        """Writes to standard output, or to standard error where the settings say so."""
        self._to_stderr = settings is not None and settings.log_stream == "stderr"
        self._namespace = (settings or Settings()).metrics_namespace

    @cached_property
    def _logger(self) -> Logger:
        return make(sys.stderr if self._to_stderr else sys.stdout)

    def request(self, context: Context, action: str, *, status: int, milliseconds: float, **fields: Any) -> None:
        """One line for one request, and its count and duration as metrics."""
        told = f"{context.actor} called {action}: {status}"
        measured = {"Requests": (1, "Count"), "Duration": (milliseconds, "Milliseconds")}
        embedded = self._embedded(context, {**measured, "Defects": (int(status == 500), "Count")})
        self._logger.info(told, extra={**_fields(context, action, status=status, **fields), **embedded})

    def timer(self, context: Context, action: str, did: dict[str, int]) -> None:
        """One line for one run of a timer, and a metric for each thing that it did."""
        counts = {what.replace(":", "_"): (count, "Count") for what, count in did.items()}
        embedded = self._embedded(context, {"Runs": (1, "Count"), **counts})
        self._logger.info(f"timer {action} ran", extra={**_fields(context, action, did=did), **embedded})

    def _embedded(self, context: Context, metrics: Mapping[str, tuple[float, str]]) -> dict[str, Any]:
        """The members that make a line's figures metrics, by action and service."""
        declared = {
            "Namespace": self._namespace,
            "Dimensions": [["action", "service"]],
            "Metrics": [{"Name": name, "Unit": unit} for name, (_, unit) in metrics.items()],
        }
        told = {"Timestamp": int(context.now.timestamp() * 1000), "CloudWatchMetrics": [declared]}
        return {"_aws": told, **{name: value for name, (value, _) in metrics.items()}}

    def defect(self, context: Context, action: str) -> None:
        """The exception that is being handled, with its trace."""
        self._logger.exception("a defect of the service", extra=_fields(context, action))


def _fields(context: Context, action: str, **fields: Any) -> dict[str, Any]:
    known = {
        "request_id": context.request_id,
        "client_request_id": context.client_request_id,
        "action": action,
        "actor_kind": str(context.actor.kind),
        "actor_id": context.actor.id,
        "key_id": context.actor.key_id,
        "session_id": context.session_id,
        **context.noted,
        **fields,
    }
    return {name: value for name, value in known.items() if value is not None}
