"""What must be true of the store at every moment, whatever has happened: each broken promise in a sentence.

Most is read from the rows themselves, and told independently of the service's code; whether the audit is whole is
asked of the operators' own `verify`.
"""

import hashlib
import itertools
import json
import marshal
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from chalicelib.context import Actor, ActorKind, begin, sources
from chalicelib.domain.accounts import AccountState
from chalicelib.domain.dispatch import PlannedStep
from chalicelib.domain.plan_documents import plan_of
from chalicelib.domain.plans import STANDARD, Plan, in_order
from chalicelib.services import events
from chalicelib.settings import Settings
from tests.plan_documents import OTHER_PHASES
from tests.store import DynamoDB

Plain = dict[str, Any]
OTHER = plan_of("other", 1, {"phases": OTHER_PHASES})
LEAVINGS = {"crash_count": STANDARD.max_crashes, "release_count": STANDARD.max_releases}
_WITHOUT_REFERENCES = 2  # marshal's version in which equal values have equal bytes
_RETURNED = ("given_back", "replaced", "withdrawn")
_FAILING = ("phase:fail", "phase:replace_content", "phase:escalate")


def plain(row: Mapping[str, Any]) -> Plain:
    """A row's values without their types."""
    return {name: _value(value) for name, value in row.items()}


def _value(typed: Mapping[str, Any]) -> Any:
    ((kind, held),) = typed.items()
    match kind:
        case "N":
            return Decimal(held)
        case "SS":
            return set(held)
        case "M":
            return plain(held)
        case _:
            return held


class Rows:
    """All rows of the store, by table, without types."""

    def __init__(self, store: DynamoDB, prefix: str) -> None:
        self._store, self._prefix = store, prefix

    def of(self, table: str) -> list[Plain]:
        """A table's rows."""
        return [plain(row) for row in self._store.tables[self._prefix + table].rows.values()]


_RIGHT: set[bytes] = set()
"""Digests of all rows and the time, where no promise was broken: most orders of calls end in the same rows."""


def broken(store: DynamoDB, settings: Settings) -> list[str]:
    """Every promise that the store's rows break; empty is right."""
    rows = [(name, list(table.rows.values())) for name, table in sorted(store.tables.items())]
    told = (rows, sorted(settings.as_dict().items()), sources.clock().isoformat())
    known = hashlib.sha256(marshal.dumps(told, _WITHOUT_REFERENCES)).digest()
    found = [] if known in _RIGHT else _broken(store, settings)
    if not found:
        _RIGHT.add(known)
    return found


def _broken(store: DynamoDB, settings: Settings) -> list[str]:
    rows = Rows(store, settings.table_prefix)
    accounts = rows.of("accounts")
    ended: dict[str, dict[str, Plain]] = defaultdict(dict)
    for phase in rows.of("warmup_phases"):
        ended[phase["account_id"]][phase["phase"]] = phase
    phases = {account["account_id"]: _phases(account, ended[account["account_id"]]) for account in accounts}
    sessions = {session["session_id"]: session for session in rows.of("bot_sessions")}
    assignments = rows.of("content_assignments")
    audit = rows.of("audit_events")
    return [
        *_audits(settings, accounts),
        *(f"{account['account_id']}: {what}" for account in accounts for what in _account(account, phases, sessions)),
        *(f"{one['account_id']}: {what}" for one in accounts for what in _records(one, ended[one["account_id"]])),
        *_assignments(accounts, phases, assignments),
        *_pools(rows, assignments),
        *_twins(rows, accounts),
        *_sessions(sessions.values(), audit),
        *_counters(rows, accounts),
        *_slots(rows, accounts),
    ]


COUNTS = ("retry_count", "crash_count", "release_count", "replacement_count")


def _phases(account: Plain, ended: Mapping[str, Plain]) -> dict[str, Plain]:
    """All phases of an account: the rows of those that ended, the one that it holds itself, and those to come."""
    at, own = account.get("current_phase"), dict(ended)
    if at is not None:
        own[at] = {"phase": at, **dict.fromkeys(COUNTS, 0), **_held(account)}
    nothing = {"status": "pending", **dict.fromkeys(COUNTS, 0)}
    order = in_order(own, _plan(account))
    return {name: own.get(name) or {"phase": name, **nothing} for name in order} if own else {}


def _plan(account: Plain) -> Plan:
    return OTHER if account.get("plan_name") == OTHER.name else STANDARD


def _held(account: Plain) -> Plain:
    """The current phase: what its account says itself stands in it only where it differs, instants are numbers."""
    held = account["phase_record"]
    said = {"status": "phase_status", "lease_token": "lease_token", "updated_at": "updated_at"}
    found = {name: account[other] for name, other in said.items() if other in account}
    for name, value in held.items():
        found[name] = _instant(value) if name.endswith("_at") and isinstance(value, Decimal) else value
    return {name: value for name, value in found.items() if value is not True or name == "skipped"}


def _instant(milliseconds: Decimal) -> str:
    return datetime.fromtimestamp(float(milliseconds / 1000), UTC).isoformat()


def _records(account: Plain, ended: Mapping[str, Plain]) -> Iterator[str]:
    if set(ended) != account.get("ended_phases", set()):
        yield f"it says that {account.get('ended_phases')} have ended, and there are rows of {sorted(ended)}"
    for name, phase in ended.items():
        if phase["status"] != "completed" or phase["version"] > account["version"]:
            yield f"the row of {name} is {phase['status']} at {phase['version']}"
    if ("phase_record" in account) != ("current_phase" in account) or "phase_versions" in account:
        yield f"it is in {account.get('current_phase')}, and its record is {account.get('phase_record')}"


def _audits(settings: Settings, accounts: list[Plain]) -> Iterator[str]:
    context = begin(settings, Actor(ActorKind.OPERATOR, "root"))
    for account in accounts:
        for problem in events.verify(context, account["account_id"]).problems:
            yield f"{account['account_id']}: its audit: {problem}"


def _account(account: Plain, phases: Mapping[str, Mapping[str, Plain]], sessions: Mapping[str, Plain]) -> Iterator[str]:
    own = phases.get(account["account_id"], {})
    yield from _lease(account, own, sessions)
    yield from _order(account, own)
    yield from _intervals(own)
    yield from _least_intervals(own)
    yield from _limits(own)
    if "due_at" in account and any(account.get(what, 0) >= most for what, most in LEAVINGS.items()):
        yield "workers left it too often, and it is offered again"
    for_review = account.get("phase_status") == "requires_review" and account["state"] in ("warming_up", "paused")
    if for_review != (account.get("attention") == "requires_review") or ("attention" in account) != (
        "attention_at" in account
    ):
        yield "an operator must decide and does not find it, or finds it and has nothing to decide"
    working = account["state"] in ("ready", "warming_up")
    waits_for_people = account.get("phase_status") == "requires_review"
    held = "lease_token" in account and "lease_ended_by" not in account
    withdrawn = account.get("consented") is False
    if withdrawn and (held or "due_at" in account):
        yield "its owner has withdrawn the consent, and it is worked on or offered"
    if working and not withdrawn and not waits_for_people and "due_at" not in account:
        yield "it is in no queue: nobody will ever find it again"
    if held and (account.get("queue"), account.get("due_at")) != (
        f"leased#{account.get('queue', '#').partition('#')[2]}",
        account["lease_expires_at"],
    ):
        waits = f"{account.get('queue')} at {account.get('due_at')}"
        yield f"it is held until {account['lease_expires_at']}, but waits in {waits}"
    looked_after = working or (held and account["state"] == "paused")
    if not looked_after and "queue" in account:
        yield f"it is `{account['state']}` and waits in {account['queue']}"
    planned = PlannedStep.of(AccountState(account["state"]), account.get("current_phase"), _plan(account))
    step = None if planned is None else planned.key
    work = (
        f"{account['model_id']}#{step}#{'' if held else account.get('due_at')}"
        if "queue" in account and working
        else None
    )
    if account.get("work") != work or ("work_shard" in account) != (work is not None and not held):
        yield f"it waits for {work}, but stands in the index as {account.get('work')}"


def _lease(account: Plain, own: Mapping[str, Plain], sessions: Mapping[str, Plain]) -> Iterator[str]:
    token = account.get("lease_token")
    held = token is not None and "lease_ended_by" not in account
    for phase in own.values():
        if phase["status"] == "in_progress" and not (held and phase["lease_token"] == token):
            yield f"{phase['phase']} is in progress, but nobody holds the account with its token"
    if not held:
        return
    session = sessions.get(account["lease_session_id"])
    if session is None:
        yield "its lease belongs to a session that does not exist"
    elif not any(one.split(" ")[:2] == [account["account_id"], token] for one in session.get("holds", ())):
        yield f"session {session['session_id']} has its lease and does not know it"
    elif session["live"] == "ended" and account["lease_taken_at"] > session["ended_at"]:
        yield "its lease was taken by a session that had ended"


def _order(account: Plain, own: Mapping[str, Plain]) -> Iterator[str]:
    if not own:
        if account["state"] in ("warming_up", "active"):
            yield "it has no phases"
        return
    at = account.get("current_phase")
    plan = _plan(account)
    place = plan.order.index(at) if at is not None else len(plan.order)
    for number, name in enumerate(plan.order):
        status = own[name]["status"]
        added = plan is OTHER and at is not None and status == "pending"  # it comes right after the current one
        if number < place and not added and status != "completed":
            yield f"{name} is {status}, though {at or 'the end'} comes after it"
        if number > place and status not in ("pending", "completed"):
            yield f"{name} is {status} before its turn"
    if at is not None and own[at]["status"] == "completed":
        yield f"it is still in {at}, which is completed"
    if account["state"] == "active" and place < len(plan.order):
        yield f"it is active in {at}"


def _intervals(own: Mapping[str, Plain]) -> Iterator[str]:
    for before, name in itertools.pairwise(STANDARD.order):
        if name not in own or "started_at" not in own[name] or "completed_at" not in own[before]:
            continue
        waited = datetime.fromisoformat(own[name]["started_at"]) - datetime.fromisoformat(own[before]["completed_at"])
        if waited < STANDARD.phases[name].interval:
            yield f"{name} began {waited} after {before} was completed"


def _least_intervals(own: Mapping[str, Plain]) -> Iterator[str]:
    """A day passes between the end of a phase and the beginning of any other, whatever plans they are of."""
    done = {name: one["completed_at"] for name, one in own.items() if "completed_at" in one and not one.get("skipped")}
    for name, phase in own.items():
        begun = phase.get("started_at")
        for before, at in done.items():
            if begun is None or before == name or begun < at:
                continue
            if datetime.fromisoformat(begun) - datetime.fromisoformat(at) < timedelta(hours=24):
                yield f"{name} began less than a day after {before} was completed"


def _limits(own: Mapping[str, Plain]) -> Iterator[str]:
    for phase in own.values():
        for what, most in (("retry_count", STANDARD.max_retries), ("replacement_count", STANDARD.max_replacements)):
            if phase[what] > most:
                yield f"{phase['phase']} has a {what} of {phase[what]}"
        offered = phase["status"] in ("available", "content_assigned", "in_progress")
        for what, most in LEAVINGS.items():
            if phase[what] >= most and offered:
                yield f"{phase['phase']} has a {what} of {phase[what]} and is offered again"


def _assignments(
    accounts: list[Plain], phases: Mapping[str, Mapping[str, Plain]], assignments: list[Plain]
) -> Iterator[str]:
    rows = {(row["account_id"], row["assignment_id"]): row for row in assignments}
    by_id = {account["account_id"]: account for account in accounts}
    named: set[tuple[str, str]] = set()
    for account_id, own in phases.items():
        for phase in own.values():
            if "assignment_id" not in phase:
                continue
            row = rows.get((account_id, phase["assignment_id"]))
            if by_id[account_id]["state"] != "retired" or phase["status"] == "completed":
                named.add((account_id, phase["assignment_id"]))
            told = [phase.get("assigned_content_id"), phase.get("assigned_text_id")]
            if row is None or [row.get("content_id"), row.get("text_id")] != told:
                yield f"{account_id}: {phase['phase']} has {told}, its assignment says otherwise"
    for place, row in rows.items():
        account = by_id[place[0]]
        for kind in ("content", "text"):
            item = row.get(f"{kind}_id")
            given = hashlib.sha256(f"{kind}#{item}".encode()).hexdigest()[:10]
            if item is not None and given not in account.get("given", set()):
                yield f"{place[0]}: {item} was assigned and is not among what it has used"
        if "ended_at" not in row and place not in named:
            yield f"{place[0]}: the assignment {place[1]} is open, and no phase has it"


def _twins(rows: Rows, accounts: list[Plain]) -> Iterator[str]:
    """One profile, one living account; the same words, one text; each has its claim."""
    claims = {row["fingerprint"]: row["item_id"] for row in rows.of("fingerprints")}
    profiles: dict[str, str] = {}
    for account in accounts:
        if account["state"] == "retired":
            continue
        name = unicodedata.normalize("NFKC", account["username"]).casefold().replace(" ", "").lstrip("@")
        if (other := profiles.setdefault(name, account["account_id"])) != account["account_id"]:
            yield f"{account['account_id']} and {other} stand for one profile"
        claim = f"profile#{hashlib.sha256(name.encode()).hexdigest()}"
        if claims.get(claim) != account["account_id"]:
            yield f"{account['account_id']} does not have the claim on its profile"
    words: dict[tuple[str, str], str] = {}
    for text in rows.of("texts"):
        if text["status"] == "withdrawn" and "last_assigned_at" not in text:
            continue
        body = unicodedata.normalize("NFKC", text["body"]).casefold()
        if (other := words.setdefault((text["model_id"], body), text["text_id"])) != text["text_id"]:
            yield f"{text['text_id']} and {other} are the same text"
        claim = f"text#{text['model_id']}#{hashlib.sha256(body.encode()).hexdigest()}"
        if claims.get(claim) != text["text_id"]:
            yield f"{text['text_id']} does not have the claim on its words"


def _pools(rows: Rows, assignments: list[Plain]) -> Iterator[str]:
    ended = {phase.get("assignment_id"): phase for phase in rows.of("warmup_phases") if phase["status"] == "completed"}
    users: dict[tuple[str, str], set[str]] = defaultdict(set)
    shortfalls: dict[tuple[str, str], float] = defaultdict(float)
    failures = 0
    for row in assignments:
        returned = row.get("outcome") in _RETURNED and "delivered_at" not in row
        failures += row.get("success") == "false"
        for kind in ("content", "text"):
            item = row.get(f"{kind}_id")
            if item is None:
                continue
            if not returned:
                users[kind, item].add(row["account_id"])
            told = row if "performance_score" in row else ended.get(row["assignment_id"], {})
            shortfalls[kind, item] += round(1 - float(told.get("performance_score", 100)) / 100, 4)
    blamed = 0.0
    for kind, table in (("content", "content"), ("text", "texts")):
        for item in rows.of(table):
            place = (kind, item[f"{kind}_id"])
            if item["usage_count"] != len(users[place]):
                yield f"{place[1]} counts {item['usage_count']} uses and has {len(users[place])}"
            if item["usage_count"] > item["max_usage"]:
                yield f"{place[1]} was used {item['usage_count']} times, at most {item['max_usage']} were allowed"
            whole = round(float(item["penalty"]) - shortfalls[place], 4)
            if whole % 1 or not 0 <= whole <= item["usage_count"]:
                yield f"{place[1]} has a penalty of {item['penalty']}, of which {shortfalls[place]} are performance"
            blamed += whole
            listed = item["status"] == "approved" and item["enabled"] and item["usage_count"] < item["max_usage"]
            by_theme = listed and not (item["themeless"] and "theme" not in item)
            if listed != ("whole_pool" in item) or by_theme != ("pool" in item):
                yield f"{place[1]} stands in its pool's index wrongly"
    if blamed != failures:
        yield f"the items are blamed for {blamed} failures, {failures} were reported"


def _sessions(sessions: Any, audit: list[Plain]) -> Iterator[str]:
    done = sum(event["action"] == "phase:complete" for event in audit)
    failed = sum(event["action"] in _FAILING for event in audit)
    counted = [sum(session[what] for session in sessions) for what in ("done", "failed")]
    for session in sessions:  # what it has ended, and was not heard of since
        for holding in session.get("holds", ()):
            action = _ended_by(session, holding, audit)
            counted[0] += action == "phase:complete"
            counted[1] += action in _FAILING
    if counted != [done, failed]:
        yield f"the sessions count {counted} done and failed, the audit says {[done, failed]}"


def _ended_by(session: Plain, holding: str, audit: list[Plain]) -> str | None:
    """The action by which the session itself ended a lease that it has among those it holds."""
    account_id, token, _ = holding.split(" ")
    others = {one.split(" ")[1] for one in session["holds"] if one.startswith(f"{account_id} ")}
    taken = _taken(token)
    until = min((later for other in others if (later := _taken(other)) > taken), default=10**9)
    for event in sorted(
        (one for one in audit if one["subject"] == f"account:{account_id}"), key=lambda one: int(one["sequence"])
    ):
        moved = [one for one in json.loads(event["transitions"]) if one["what"] == "lease"]
        if taken < int(event["sequence"]) < until and moved:
            own = moved[0]["from"] == session["session_id"] and event["actor"].startswith(("bot:", "operator:"))
            return str(event["action"]) if own and moved[0]["to"] is None else None
    return None


def _taken(token: str) -> int:
    return int(token.split("_")[1])


def _counters(rows: Rows, accounts: list[Plain]) -> Iterator[str]:
    counted: Counter[str] = Counter()
    for setting in rows.of("settings"):
        if setting["name"].startswith("count:"):
            counted[setting["name"].removeprefix("count:").partition("#")[0]] += int(setting["number"])
    ended = Counter(account["state"] for account in accounts if account["state"] in ("active", "retired"))
    plans = Counter(f"plan:{one['plan_name']}/{one['plan_version']}" for one in accounts if "plan_digest" in one)
    plans.update({"plan:other": plans.total()})
    if +counted != ended + plans:
        yield f"{dict(counted)} by the counters, {dict(ended + plans)} are"


def _slots(rows: Rows, accounts: list[Plain]) -> Iterator[str]:
    """A bounded model has no more accounts at work than it may, and each of them has a slot."""
    settings = {setting["name"]: setting for setting in rows.of("settings")}
    for model, share in json.loads(settings.get("pauses", {}).get("shares", "{}")).items():
        holders = settings.get(f"slots:{model}", {}).get("holders", set())
        at_work = {
            one["account_id"]
            for one in accounts
            if one["model_id"] == model and "lease_token" in one and "lease_ended_by" not in one
        }
        bound = share.get("max_concurrent")
        if bound is not None and (holders != at_work or len(at_work) > bound):
            yield f"{model}: {at_work} at work, {holders} have its {bound} slots"
