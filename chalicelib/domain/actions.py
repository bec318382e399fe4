"""Audit tags, `subject:verb`, and the sentence that each makes for an operator."""

import re
from collections.abc import Mapping
from enum import StrEnum


class AuditAction(StrEnum):
    """What was done. The verb is the move's, the same word as in URLs and code."""

    ACCOUNT_CREATE = "account:create"
    ACCOUNT_CONSENT = "account:consent"
    ACCOUNT_CHANGE = "account:change"
    ACCOUNT_ERASE = "account:erase"
    ACCOUNT_WITHDRAW_CONSENT = "account:withdraw_consent"
    ACCOUNT_EXPIRE_CONSENT = "account:expire_consent"
    ACCOUNT_READY = "account:ready"
    ACCOUNT_START = "account:start"
    ACCOUNT_COMPLETE = "account:complete"
    ACCOUNT_PAUSE = "account:pause"
    ACCOUNT_RESUME = "account:resume"
    ACCOUNT_RESET = "account:reset"
    ACCOUNT_RETIRE = "account:retire"
    ACCOUNT_RESTORE = "account:restore"
    ACCOUNT_MIGRATE = "account:migrate"
    LEASE_CLAIM = "lease:claim"
    LEASE_RELEASE = "lease:release"
    LEASE_EXPIRE = "lease:expire"
    LEASE_REVOKE = "lease:revoke"
    PHASE_OPEN = "phase:open"
    PHASE_REOPEN = "phase:reopen"
    PHASE_REOFFER = "phase:reoffer"
    PHASE_CONTENT_UNAVAILABLE = "phase:content_unavailable"
    PHASE_DELIVER = "phase:deliver"
    PHASE_COMPLETE = "phase:complete"
    PHASE_FAIL = "phase:fail"
    PHASE_REPLACE_CONTENT = "phase:replace_content"
    PHASE_ESCALATE = "phase:escalate"
    PHASE_RETRY = "phase:retry"
    PHASE_RESOLVE = "phase:resolve"
    PHASE_SKIP = "phase:skip"
    PHASE_ASSIGN = "phase:assign"
    PHASE_UNASSIGN = "phase:unassign"
    PHASE_WARN = "phase:warn"
    PHASE_MEASURE = "phase:measure"
    SESSION_OPEN = "session:open"
    SESSION_LOSE = "session:lose"
    SESSION_END = "session:end"
    SESSION_DRAIN = "session:drain"
    SESSION_STOP = "session:stop"
    MODEL_CREATE = "model:create"
    MODEL_CHANGE = "model:change"
    MODEL_PAUSE = "model:pause"
    MODEL_RESUME = "model:resume"
    PIPELINE_PAUSE = "pipeline:pause"
    PIPELINE_RESUME = "pipeline:resume"
    PLAN_CREATE = "plan:create"
    PLAN_CHANGE = "plan:change"
    PLAN_PUBLISH = "plan:publish"
    PLAN_RETIRE = "plan:retire"
    CONTENT_CREATE = "content:create"
    CONTENT_CHANGE = "content:change"
    CONTENT_WITHDRAW = "content:withdraw"
    TEXT_CREATE = "text:create"
    TEXT_CHANGE = "text:change"
    TEXT_WITHDRAW = "text:withdraw"
    BOT_CREATE = "bot:create"
    BOT_CHANGE = "bot:change"
    BOT_ADD_KEY = "bot:add_key"
    BOT_REVOKE_KEY = "bot:revoke_key"
    BOT_DISABLE = "bot:disable"
    USER_CREATE = "user:create"
    USER_CHANGE = "user:change"
    USER_DISABLE = "user:disable"
    USER_ADD_KEY = "user:add_key"
    USER_REVOKE_KEY = "user:revoke_key"


_SENTENCES: Mapping[AuditAction, str] = {
    AuditAction.ACCOUNT_CREATE: "{actor} created {subject}",
    AuditAction.ACCOUNT_CONSENT: "{actor} recorded that {granted_by} consented to {subject}: {reference}",
    AuditAction.ACCOUNT_CHANGE: "{actor} changed {subject}: {changed}",
    AuditAction.ACCOUNT_ERASE: "{actor} erased the words of persons of {subject}",
    AuditAction.ACCOUNT_WITHDRAW_CONSENT: "{actor} recorded that the consent to {subject} was withdrawn: {reason}",
    AuditAction.ACCOUNT_EXPIRE_CONSENT: "the consent to {subject} has ended",
    AuditAction.ACCOUNT_READY: "{actor} declared {subject} ready: {reason}",
    AuditAction.ACCOUNT_START: "{actor} started the warm-up of {subject}",
    AuditAction.ACCOUNT_COMPLETE: "{actor} completed the warm-up of {subject}: it is active",
    AuditAction.ACCOUNT_PAUSE: "{actor} paused {subject}: {reason}",
    AuditAction.ACCOUNT_RESUME: "{actor} resumed {subject}: {reason}",
    AuditAction.ACCOUNT_RESET: "{actor} reset {subject}: {reason}",
    AuditAction.ACCOUNT_RETIRE: "{actor} retired {subject}: {reason}",
    AuditAction.ACCOUNT_RESTORE: "{actor} restored {subject}, as imported: {reason}",
    AuditAction.ACCOUNT_MIGRATE: "{actor} moved {subject} from {before} to {plan}: {reason}",
    AuditAction.LEASE_CLAIM: "{actor} claimed {subject}",
    AuditAction.LEASE_RELEASE: "{actor} released {subject} without recording an outcome",
    AuditAction.LEASE_EXPIRE: "the lease on {subject} ran out",
    AuditAction.LEASE_REVOKE: "{actor} took {subject} away from its worker: {reason}",
    AuditAction.PHASE_OPEN: "{phase} of {subject} fell due",
    AuditAction.PHASE_REOPEN: "{phase} of {subject} can be tried again",
    AuditAction.PHASE_REOFFER: "{phase} of {subject} is offered again",
    AuditAction.PHASE_CONTENT_UNAVAILABLE: "the pools had nothing eligible for {phase} of {subject}",
    AuditAction.PHASE_DELIVER: "{actor} was given {phase} of {subject}",
    AuditAction.PHASE_COMPLETE: "{actor} completed {phase} of {subject}",
    AuditAction.PHASE_FAIL: "{actor} reported that {phase} of {subject} failed: {message}",
    AuditAction.PHASE_REPLACE_CONTENT: "{actor} refused the content for {phase} of {subject}: {message}",
    AuditAction.PHASE_ESCALATE: "{phase} of {subject} needs review: {message}",
    AuditAction.PHASE_RETRY: "{actor} had {phase} of {subject} tried again: {reason}",
    AuditAction.PHASE_RESOLVE: "{actor} resolved {phase} of {subject} as done outside: {reason}",
    AuditAction.PHASE_SKIP: "{actor} skipped {phase} of {subject}: {reason}",
    AuditAction.PHASE_ASSIGN: "{actor} assigned content to {phase} of {subject} by hand: {reason}",
    AuditAction.PHASE_UNASSIGN: "{item} was withdrawn and taken off {phase} of {subject}",
    AuditAction.PHASE_WARN: "{item} was withdrawn while {phase} of {subject} is at work with it: its worker is warned",
    AuditAction.PHASE_MEASURE: "{actor} measured the content of {phase} of {subject}: {performance_score}",
    AuditAction.SESSION_OPEN: "{actor} opened {subject}",
    AuditAction.SESSION_LOSE: "{subject} was not heard of and counts as lost",
    AuditAction.SESSION_END: "{actor} ended {subject}",
    AuditAction.SESSION_DRAIN: "{actor} ordered {subject} to finish and take nothing new: {reason}",
    AuditAction.SESSION_STOP: "{actor} ordered {subject} to stop: {reason}",
    AuditAction.MODEL_CREATE: "{actor} created {subject}",
    AuditAction.MODEL_CHANGE: "{actor} changed {subject}: {changed}",
    AuditAction.MODEL_PAUSE: "{actor} paused {subject}: {reason}",
    AuditAction.MODEL_RESUME: "{actor} resumed {subject}: {reason}",
    AuditAction.PIPELINE_PAUSE: "{actor} paused the whole pipeline: {reason}",
    AuditAction.PIPELINE_RESUME: "{actor} resumed the pipeline: {reason}",
    AuditAction.PLAN_CREATE: "{actor} created version {version} of {subject}, a copy of {copied_from}",
    AuditAction.PLAN_CHANGE: "{actor} changed version {version} of {subject}: {changed}",
    AuditAction.PLAN_PUBLISH: "{actor} published version {version} of {subject}",
    AuditAction.PLAN_RETIRE: "{actor} retired version {version} of {subject}: {reason}",
    AuditAction.CONTENT_CREATE: "{actor} created {subject}",
    AuditAction.CONTENT_CHANGE: "{actor} changed {subject}: {changed}",
    AuditAction.CONTENT_WITHDRAW: "{actor} withdrew {subject}: {reason}",
    AuditAction.TEXT_CREATE: "{actor} created {subject}",
    AuditAction.TEXT_CHANGE: "{actor} changed {subject}: {changed}",
    AuditAction.TEXT_WITHDRAW: "{actor} withdrew {subject}: {reason}",
    AuditAction.BOT_CREATE: "{actor} created {subject}",
    AuditAction.BOT_CHANGE: "{actor} changed {subject}: {changed}",
    AuditAction.BOT_ADD_KEY: "{actor} made a new key of {subject}: {key_id}",
    AuditAction.BOT_REVOKE_KEY: "{actor} revoked a key of {subject}: {key_id}",
    AuditAction.BOT_DISABLE: "{actor} disabled {subject}: {reason}",
    AuditAction.USER_CREATE: "{actor} created {subject}",
    AuditAction.USER_CHANGE: "{actor} changed {subject}: {changed}",
    AuditAction.USER_DISABLE: "{actor} disabled {subject}: {reason}",
    AuditAction.USER_ADD_KEY: "{actor} made a new key of {subject}: {key_id}",
    AuditAction.USER_REVOKE_KEY: "{actor} revoked a key of {subject}: {key_id}",
}


class _Known(dict[str, object]):
    def __missing__(self, name: str) -> str:
        return "–"


def summary(action: AuditAction, *, actor: str, subject: str, details: Mapping[str, object]) -> str:
    """The event in words, such as `bot b1 completed bio of account acc_1`."""
    words = _Known(details)
    words.update(actor=actor, subject=subject.replace(":", " ", 1))
    return _SENTENCES[action].format_map(words)


_OWN_WORDS = re.compile(r": \{(reason|message|reference)\}$")
_FOR_BOTS = ("phase", "item", "before", "plan")


def summary_for_bots(action: AuditAction, *, actor: str, subject: str, details: Mapping[str, object]) -> str:
    """The same without what an operator or another bot wrote, and without names of persons."""
    words = _Known({name: details[name] for name in _FOR_BOTS if name in details})
    words.update(actor=actor, subject=subject.replace(":", " ", 1))
    return _OWN_WORDS.sub("", _SENTENCES[action]).format_map(words)
