"""Audit tags, `subject:verb`, and the sentence that each makes for people."""

from collections.abc import Mapping
from enum import StrEnum


class Action(StrEnum):
    """What was done. The verb is the move's, the same word as in URLs and code."""

    ACCOUNT_CREATE = "account:create"
    ACCOUNT_READY = "account:ready"
    ACCOUNT_START = "account:start"
    ACCOUNT_COMPLETE = "account:complete"
    LEASE_CLAIM = "lease:claim"
    LEASE_RELEASE = "lease:release"
    LEASE_EXPIRE = "lease:expire"
    PHASE_OPEN = "phase:open"
    PHASE_REOPEN = "phase:reopen"
    PHASE_OFFER = "phase:offer"
    PHASE_STARVE = "phase:starve"
    PHASE_DELIVER = "phase:deliver"
    PHASE_COMPLETE = "phase:complete"
    PHASE_FAIL = "phase:fail"
    PHASE_SWAP = "phase:swap"
    PHASE_ESCALATE = "phase:escalate"
    SESSION_OPEN = "session:open"
    SESSION_LOSE = "session:lose"
    SESSION_END = "session:end"
    MODEL_CREATE = "model:create"
    MODEL_CHANGE = "model:change"
    CONTENT_CREATE = "content:create"
    CONTENT_CHANGE = "content:change"
    TEXT_CREATE = "text:create"
    TEXT_CHANGE = "text:change"
    BOT_CREATE = "bot:create"
    BOT_CHANGE = "bot:change"
    BOT_ADD_KEY = "bot:add_key"
    BOT_REVOKE_KEY = "bot:revoke_key"


_SENTENCES: Mapping[Action, str] = {
    Action.ACCOUNT_CREATE: "{actor} created {subject}",
    Action.ACCOUNT_READY: "{actor} declared {subject} ready: {reason}",
    Action.ACCOUNT_START: "{actor} started the warm-up of {subject}",
    Action.ACCOUNT_COMPLETE: "{actor} completed the warm-up of {subject}: it is active",
    Action.LEASE_CLAIM: "{actor} claimed {subject}",
    Action.LEASE_RELEASE: "{actor} gave {subject} back unharmed",
    Action.LEASE_EXPIRE: "the lease on {subject} ran out",
    Action.PHASE_OPEN: "{phase} of {subject} fell due",
    Action.PHASE_REOPEN: "{phase} of {subject} can be tried again",
    Action.PHASE_OFFER: "{phase} of {subject} is offered again",
    Action.PHASE_STARVE: "the pools had nothing eligible for {phase} of {subject}",
    Action.PHASE_DELIVER: "{actor} was given {phase} of {subject}",
    Action.PHASE_COMPLETE: "{actor} completed {phase} of {subject}",
    Action.PHASE_FAIL: "{actor} reported that {phase} of {subject} failed: {message}",
    Action.PHASE_SWAP: "{actor} refused the content for {phase} of {subject}: {message}",
    Action.PHASE_ESCALATE: "{phase} of {subject} needs people: {message}",
    Action.SESSION_OPEN: "{actor} opened {subject}",
    Action.SESSION_LOSE: "{subject} was not heard of and counts as lost",
    Action.SESSION_END: "{actor} ended {subject}",
    Action.MODEL_CREATE: "{actor} created {subject}",
    Action.MODEL_CHANGE: "{actor} changed {subject}: {changed}",
    Action.CONTENT_CREATE: "{actor} created {subject}",
    Action.CONTENT_CHANGE: "{actor} changed {subject}: {changed}",
    Action.TEXT_CREATE: "{actor} created {subject}",
    Action.TEXT_CHANGE: "{actor} changed {subject}: {changed}",
    Action.BOT_CREATE: "{actor} created {subject}",
    Action.BOT_CHANGE: "{actor} changed {subject}: {changed}",
    Action.BOT_ADD_KEY: "{actor} made a new key of {subject}: {key_id}",
    Action.BOT_REVOKE_KEY: "{actor} revoked a key of {subject}: {key_id}",
}


class _Known(dict[str, object]):
    def __missing__(self, name: str) -> str:
        return "–"


def sentence(action: Action, *, actor: str, subject: str, details: Mapping[str, object]) -> str:
    """The event in words for people, such as `bot b1 completed bio of account acc_1`."""
    words = _Known(details)
    words.update(actor=actor, subject=subject.replace(":", " ", 1))
    return _SENTENCES[action].format_map(words)
