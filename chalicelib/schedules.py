"""The edge of the timers: one run each, with its context, its record and its log line."""

from collections.abc import Callable, Collection

from chalicelib import context as contexts
from chalicelib.context import Actor, Context, Role
from chalicelib.middleware import edge
from chalicelib.services import availability, pipeline, sessions, timers

_MOST_SESSIONS = 100
SECONDS = 50.0
Did = tuple[dict[str, int], Collection[str]]
"""What a run counted, and the models that people should look at."""


def open_due_phases() -> dict[str, int]:
    """Opens, reopens and expires what fell due."""
    return _run("open_due_phases", _open_and_count)


def close_lost_sessions() -> dict[str, int]:
    """Marks sessions that were not heard of as lost."""
    return _run("close_lost_sessions", lambda context: (sessions.close_lost(context, limit=_MOST_SESSIONS), ()))


def watch_pools() -> dict[str, int]:
    """Looks ahead for every model, counts those whose pools run dry, and measures who has been at work for longest."""
    return _run("watch_pools", _watch)


def _watch(context: Context) -> Did:
    did, models = availability.watch(context)
    longest = pipeline.longest_work(context)
    return did if longest is None else {**did, "longest_work_seconds": longest}, models


def _open_and_count(context: Context) -> Did:
    did = timers.open_due_phases(context)
    pipeline.keep_count(context)
    return did, ()


def _run(name: str, use_case: Callable[[Context], Did]) -> dict[str, int]:
    context = contexts.begin(edge.settings, Actor(Role.TIMER, name), seconds=SECONDS)
    did, models = use_case(context)
    timers.record_run(context, name, did, models)
    edge.logs.timer(context, name, did)
    return did
