"""The routes under /sandbox: moving time, and running the timers by hand."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chalicelib.edge.endpoints import faults
from chalicelib.tables.base import forget
from warmup.sandbox.answers import Answer, HttpRequest, document, problem
from warmup.sandbox.clock import MAX_SPEED, Clock
from warmup.sandbox.schedules import Timers

_SCHEDULE = re.compile(r"/sandbox/schedules/([^/]+)")
_Number = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class ClockChange(BaseModel):
    """The body of `POST /sandbox/clock`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    advance_seconds: _Number = 0.0
    speed: Annotated[_Number, Field(le=MAX_SPEED)] | None = None
    run_schedules: bool = True


class Control:
    """Answers the routes under /sandbox."""

    def __init__(self, clock: Clock, timers: Timers) -> None:
        self._clock = clock
        self._timers = timers

    def handle(self, request: HttpRequest) -> Answer:
        """Answer a request whose path begins with /sandbox."""
        schedule = _SCHEDULE.fullmatch(request.path)
        match request.method, request.path:
            case "GET", "/sandbox/clock":
                return document(self._state())
            case "POST", "/sandbox/clock":
                return self._change(request.body)
            case "POST", _ if schedule:
                return self._run(schedule[1])
            case _, "/sandbox/clock":
                return problem(405, "method_not_allowed", "The clock accepts GET and POST.", allow=["GET", "POST"])
            case _ if schedule:
                return problem(405, "method_not_allowed", "A schedule is run by POST.", allow=["POST"])
            case _:
                return problem(404, "route_not_found", f"There is no route {request.path}.")

    def _state(self) -> dict[str, object]:
        now = self._clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {"now": now, "speed": self._clock.speed}

    def _change(self, body: bytes) -> Answer:
        try:
            change = ClockChange.model_validate_json(body or b"{}")
            self._clock.advance(timedelta(seconds=change.advance_seconds))
            if change.speed is not None:
                self._clock.set_speed(change.speed)
        except ValidationError as error:
            return _refused(error)
        except (ValueError, OverflowError) as error:
            return problem(
                422,
                "invalid_input",
                str(error),
                errors=[{"pointer": "/advance_seconds", "detail": str(error)}],
            )
        if change.advance_seconds:
            forget()  # what is kept for seconds of real time (keys, pauses) is out of date after a jump, too
        return document(self._state() | ({"schedules": self._timers.run_all()} if change.run_schedules else {}))

    def _run(self, name: str) -> Answer:
        try:
            done = self._timers.run(name)
        except KeyError:
            names = ", ".join(self._timers.schedules)
            return problem(404, "schedule_not_found", f"There is no schedule {name}; there are {names}.")
        return document(done)


def _refused(error: ValidationError) -> Answer:
    """Return 400 for what is not a JSON object, else 422 naming each member."""
    found = error.errors(include_url=False, include_input=False)
    if any(one["type"] == "json_invalid" or not one["loc"] for one in found):
        return problem(400, "malformed_request", "The body is not a JSON object.")
    return problem(422, "invalid_input", "A member is unknown or out of range.", errors=faults(ClockChange, error))
