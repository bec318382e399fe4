"""The service in a process of its own, with its timers, to be killed: `python -m tests.chaos.server PORT`.

Its clock runs fast from an instant that the environment names, so that it goes on where a killed one stopped.
"""

import contextlib
import importlib
import os
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib import context, schedules
from chalicelib.edge.serve import problem_for_unknown_route
from warmup.sandbox.answers import Answer, HttpRequest
from warmup.sandbox.gateway import Gateway
from warmup.sandbox.server import Server


def main() -> None:
    """Serves until killed."""
    began, speed = float(os.environ["FLEET_BEGAN"]), float(os.environ["FLEET_SPEED"])
    start = datetime.fromtimestamp(began, UTC)  # the store deletes what expired by the clock on the wall
    context.sources.clock = lambda: start + timedelta(seconds=(time.time() - began) * speed)
    app: Any = importlib.import_module("app").app
    gateway = Gateway(app, problem_for_unknown_route)

    def answer(request: HttpRequest) -> Answer:
        return gateway.handle(request).having("Sandbox-Speed", str(speed))

    Server("127.0.0.1", int(sys.argv[1]), answer).start()
    threading.Thread(target=_tick, daemon=True).start()
    threading.Event().wait()


def _tick() -> None:
    while True:
        time.sleep(0.5)
        for timer in (schedules.open_due_phases, schedules.close_lost_sessions):
            with contextlib.suppress(Exception):  # the store is away: it runs again
                timer()


if __name__ == "__main__":
    main()
