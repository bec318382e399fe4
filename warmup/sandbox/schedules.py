"""The timers: every schedule of the app at its own rate of sandbox time, and by name when asked."""

import logging
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from chalice.app import Chalice, ScheduledEventConfig, ScheduleExpression

from warmup.sandbox.clock import Clock
from warmup.sandbox.invocation import Invocation

logger = logging.getLogger(__name__)

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_SHORTEST_PAUSE = 0.25  # real seconds: however fast time runs, a timer leaves the store to the others


@dataclass(slots=True)
class Schedule:
    """One scheduled function, its rate, and a lock so that it never runs twice at once."""

    name: str
    rate: timedelta
    handler: Callable[[dict[str, Any], Invocation], Any]
    lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, clock: Clock) -> Any:
        """Run it as EventBridge does, and return what the function returned."""
        with self.lock:
            return self.handler(_event(self.name, clock), Invocation(self.name))


def discover(app: Chalice) -> Mapping[str, Schedule]:
    """Return the app's schedules by name. Raises ValueError for one without a rate: the sandbox has no cron."""
    return {
        config.name: Schedule(config.name, _rate(config.schedule_expression), app.handler_map[config.name])
        for config in app.event_sources
        if isinstance(config, ScheduledEventConfig)
    }


def _rate(expression: str | ScheduleExpression) -> timedelta:
    text = expression if isinstance(expression, str) else expression.to_string()
    found = _RATE.fullmatch(text)
    if found is None:
        raise ValueError(f"the sandbox runs schedules with a rate only, not {text!r}")
    return timedelta(**{f"{found[2]}s": int(found[1])})


def _event(name: str, clock: Clock) -> dict[str, Any]:
    """Return the event that EventBridge sends."""
    return {
        "id": str(uuid4()),
        "source": "aws.events",
        "account": "000000000000",
        "time": clock.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": "us-east-1",
        "resources": [f"arn:aws:events:us-east-1:000000000000:rule/{name}"],
        "version": "0",
        "detail-type": "Scheduled Event",
        "detail": {},
    }


class Timers:
    """Runs each schedule in a thread of its own until stopped."""

    def __init__(self, schedules: Mapping[str, Schedule], clock: Clock) -> None:
        self.schedules = schedules
        self._clock = clock
        self._stopped = threading.Event()
        self._threads = [
            threading.Thread(target=self._keep_running, args=(schedule,), name=schedule.name, daemon=True)
            for schedule in schedules.values()
        ]

    def start(self) -> None:
        """Begins; each schedule runs first after one of its intervals."""
        for thread in self._threads:
            thread.start()

    def stop(self, timeout: float = 0.5) -> None:
        """Ends after the runs under way, or after that many seconds."""
        self._stopped.set()
        ends_at = time.monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, ends_at - time.monotonic()))

    def run(self, name: str) -> Any:
        """Run one schedule now, and return what it did. Raises KeyError for an unknown name."""
        return self.schedules[name].run(self._clock)

    def run_all(self) -> dict[str, Any]:
        """Run each schedule once, now, and return what each did."""
        return {name: schedule.run(self._clock) for name, schedule in self.schedules.items()}

    def _keep_running(self, schedule: Schedule) -> None:
        due = self._clock.now() + schedule.rate
        while not self._stopped.wait(self._pause(due)):
            if self._clock.now() < due:
                continue
            due = self._clock.now() + schedule.rate
            try:
                schedule.run(self._clock)
            except Exception:  # as on AWS: a failed run is logged, and the next one comes
                logger.exception("The schedule %s failed.", schedule.name)

    def _pause(self, due: datetime) -> float:
        """Real seconds until the due time; at most one, since time may be moved meanwhile."""
        left = (due - self._clock.now()).total_seconds()
        return min(max(self._clock.real_seconds(left), _SHORTEST_PAUSE), 1.0)
