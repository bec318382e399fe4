"""Sessions of bots: whether one is at work, what it is directed to do, and what both permit."""

from datetime import datetime
from enum import StrEnum


class SessionStatus(StrEnum):
    """Whether a session is at work."""

    LIVE = "live"
    LOST = "lost"
    ENDED = "ended"


class Directive(StrEnum):
    """What a session is ordered to do: go on, finish and take nothing new, or stop."""

    CONTINUE = "continue"
    DRAIN = "drain"
    STOP = "stop"


def has_ended(status: SessionStatus) -> bool:
    """Whether the bot or an operator has ended the session; one that is lost comes back with its next heartbeat."""
    return status is SessionStatus.ENDED


def is_lost(status: SessionStatus, expires_at: datetime, now: datetime) -> bool:
    """Whether a session that counts as live has not been heard of for too long."""
    return status is SessionStatus.LIVE and expires_at <= now


def may_work(directive: Directive, *, holds: bool) -> bool:
    """Whether the directive lets a session work on an account; `holds`: it has taken that one already."""
    return directive is Directive.CONTINUE or (directive is Directive.DRAIN and holds)


def is_repeat(before: Directive, directive: Directive) -> bool:
    """Whether a directive changes nothing: a session that was ordered to stop is not ordered less."""
    return before in (directive, Directive.STOP)
