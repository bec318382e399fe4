"""The edge of the timers: one run each, with its context, its record and its log line."""

from collections.abc import Callable

from chalicelib import context as contexts
from chalicelib.context import Actor, ActorKind, Context
from chalicelib.edge.serve import installed
from chalicelib.services import availability, pipeline, sessions, throughput, timers
from chalicelib.tables import plans

_MOST_SESSIONS = 100
SECONDS = 50.0


def open_due_phases() -> dict[str, int]:
    """Opens, reopens and expires what fell due."""
    return _run("open_due_phases", _open_and_count)


def close_lost_sessions() -> dict[str, int]:
    """Marks sessions that were not heard of as lost, and adds up what was done by the hour."""
    return _run("close_lost_sessions", _close_and_add_up)


def watch_pools() -> dict[str, int]:
    """Looks ahead for every model, counts those whose pools run dry, measures who has been at work for longest, and
    counts the plans that nobody can follow."""
    return _run("watch_pools", _watch)


def _watch(context: Context) -> dict[str, int]:
    did = availability.watch(context)
    longest = pipeline.longest_work(context)
    did |= {"plans_mismatched": len(mismatched := plans.mismatched())}
    context.note(plans_mismatched=mismatched)
    return did if longest is None else {**did, "longest_work_seconds": longest}


def _close_and_add_up(context: Context) -> dict[str, int]:
    did = sessions.close_lost(context, limit=_MOST_SESSIONS)
    throughput.add_up(context)
    return did


def _open_and_count(context: Context) -> dict[str, int]:
    did = timers.open_due_phases(context)
    pipeline.keep_count(context)
    return did


def _run(name: str, use_case: Callable[[Context], dict[str, int]]) -> dict[str, int]:
    context = contexts.begin(installed.settings, Actor(ActorKind.TIMER, name), seconds=SECONDS)
    did = use_case(context)
    timers.record_run(context, name, did)
    installed.logs.timer(context, name, did)
    return did
