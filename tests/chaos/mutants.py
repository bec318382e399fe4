"""The service with one guard taken away, for a test run of its own: `WARMUP_MUTANT=name pytest -p tests.chaos.mutants`.

A mutant is a change of one line of the source, made as the module is imported. A guard whose line is not there any more
is an error, so that no mutant goes on without its guard.
"""

import importlib.abc
import importlib.machinery
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType

ROOT = Path(__file__).resolve().parents[2]
VARIABLE = "WARMUP_MUTANT"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a module (a path below `chalicelib`), and what stands there without the guard."""

    path: str
    guarded: str
    bare: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """A guard: where it stands, and the test that must turn red without it (None: another lock holds too)."""

    lines: tuple[Line, ...]
    test: str | None
    other_lock: str = ""


VERSION = Line("changes.py", "unchanged if condition is None else unchanged & condition", "condition")
AUDIT = Line(
    "changes.py",
    "self.transaction.put(event, AuditEvent.subject.does_not_exist())\n        return",
    "self.transaction.put(event)\n        return",
)
FAULTS = "tests/chaos/test_faults.py"
STALE = "tests/integration/test_stale_writers.py"
MIGRATE = "tests/unit/test_migrate.py"

MUTANTS: dict[str, Mutant] = {
    "the quota of leases of a session": Mutant(
        (
            Line(
                "warmups/session_rows.py",
                "room(allowance.left + len(before) - len(kept))",
                "Session.ended_at.does_not_exist()",
            ),
        ),
        "tests/api/test_quotas.py",
    ),
    "the quota of sessions": Mutant(
        (
            Line(
                "tables/bots.py",
                "return allowed & (room | sessions.contains(session_id)), sessions.add({session_id})",
                "return allowed, sessions.add({session_id})",
            ),
        ),
        "tests/api/test_quotas.py",
    ),
    "no session of a bot that was disabled": Mutant(
        (Line("tables/bots.py", "Bot.bot_id.exists() & Bot.disabled_at.does_not_exist()", "Bot.bot_id.exists()"),),
        "tests/api/test_trust.py",
    ),
    "what is held outside of a bot's models": Mutant(
        (
            Line(
                "holdings.py",
                "return self.account is not None and actor.sees(self.account.model_id)",
                "return self.account is not None",
            ),
        ),
        "tests/api/test_trust.py",
    ),
    "the bound of a model": Mutant(
        (
            Line(
                "tables/settings.py",
                "return free | Setting.holders.contains(account_id), Setting.holders.add({account_id})",
                "return free | Setting.name.exists(), Setting.holders.add({account_id})",
            ),
        ),
        "tests/api/test_shares.py",
    ),
    "the slot that the end of a lease frees": Mutant(
        (Line("warmups/storing.py", "elif is_open(before):", "elif is_open(before) and bound == 0:"),),
        "tests/api/test_shares.py",
    ),
    "what a session holds when it ends": Mutant(
        (Line("services/sessions.py", "unchanged = held & (", "unchanged = ("),), "tests/api/test_sessions.py"
    ),
    "the version of what was read": Mutant((VERSION,), None, "the audit's key"),
    "the audit's key": Mutant((AUDIT,), None, "the version of what was read"),
    "the version and the audit's key": Mutant((VERSION, AUDIT), STALE),
    "the token of whoever tells": Mutant(
        (Line("domain/leases.py", "and lease.token == token and", "and"),), "tests/unit/test_leases.py"
    ),
    "a heartbeat that comes before its lease is taken for run out": Mutant(
        (
            Line(
                "tables/sessions.py",
                "does_not_exist() if before is None else Session.leases_until == before",
                "does_not_exist() | Session.session_id.exists()",
            ),
        ),
        STALE,
    ),
    "what a heartbeat has extended, in the eyes of a taker": Mutant(
        (
            Line(
                "warmups/loading.py",
                "    account.extend_lease(None if session is None",
                "    account.extend_lease(None if True",
            ),
        ),
        "tests/api/test_sessions.py",
    ),
    "the longest time of a phase, however often the session beats": Mutant(
        (
            Line(
                "domain/leases.py",
                "bounded = until if lease.latest_at is None else min(until, lease.latest_at)",
                "bounded = until",
            ),
        ),
        "tests/api/test_sessions.py",
    ),
    "a heartbeat that was held up": Mutant(
        (
            Line(
                "tables/sessions.py",
                "return Session.ended_at.does_not_exist() & no_later, actions",
                "return Session.ended_at.does_not_exist(), actions",
            ),
        ),
        STALE,
    ),
    "what a session has ended is counted once, by a claim": Mutant(
        (
            Line(
                "tables/sessions.py", "return Session.holds == set(before), [", "return Session.session_id.exists(), ["
            ),
        ),
        STALE,
    ),
    "what a session has ended is counted once, by a heartbeat": Mutant(
        (
            Line(
                "tables/sessions.py",
                "there = [Session.holds.contains(one) for one in sorted(gone)]",
                "there = [Session.session_id.exists()]",
            ),
        ),
        STALE,
    ),
    "what a session did before others took the account": Mutant(
        (Line("holdings.py", "return _ENDINGS.get(event.action, Ending.EXPIRED)", "return Ending.EXPIRED"),),
        "tests/api/test_sessions.py",
    ),
    "a session that takes work and sends no heartbeat": Mutant(
        (Line("services/sessions.py", "if expires_at > context.now:", "if False:"),), "tests/api/test_sessions.py"
    ),
    "an item's revision, and with it its cap": Mutant(
        (
            Line(
                "tables/pools.py",
                "condition = type(self).revision == self.revision",
                "condition = type(self).revision >= 0",
            ),
        ),
        STALE,
    ),
    "the place that a number gives": Mutant(
        (Line("domain/turns.py", "return listed[self.number - 1] if", "return listed[0] if"),),
        "tests/integration/test_turns.py",
    ),
    "the number that is taken before an account is lost": Mutant(
        (Line("dispatch/numbers.py", "return remembers(self._met(model))", "return False"),),
        "tests/integration/test_turns.py",
    ),
    "the number that is taken before an item is lost": Mutant(
        (Line("deliveries/choosing.py", "if not remembers(_met(ranking)):", "if True:"),),
        "tests/integration/test_turns.py",
    ),
    "the accounts that are in no list": Mutant(
        (Line("dispatch/lines.py", "found = self.head(_SPREAD, listed)", "found = self.head(0, listed)"),),
        "tests/integration/test_turns.py",
    ),
    "the list that all who have numbers share": Mutant(
        (Line("tables/settings.py", "#{name} = if_not_exists(#{name}, :{name})", "#{name} = :{name}"),),
        "tests/integration/test_turns.py",
    ),
    "what the account has used": Mutant(
        (Line("deliveries/choosing.py", "used = Given(kind, warmup.given)", "used = Given(kind, frozenset())"),),
        "tests/api/test_content.py",
    ),
    "what an earlier release gave to the account": Mutant(
        (
            Line(
                "tables/accounts.py",
                "for kind, ids in before for one in ids or ()}",
                "for kind, ids in () for one in ids}",
            ),
        ),
        "tests/integration/test_schema_changes.py",
    ),
    "what came of completed phases, before a reset drops them": Mutant(
        (Line("domain/warmup/operate.py", "    draft.close_completed()\n", ""),), "tests/api/test_content_looks.py"
    ),
    "what a phase that opened looks like once its account is paused": Mutant(
        (Line("domain/warmup/operate.py", "    open_phase(draft)\n    return draft", "    return draft"),),
        "tests/api/test_ready_list.py",
    ),
    "half a minute in which events are still on their way": Mutant(
        (Line("services/throughput.py", "_whole(context.now - _SETTLED)", "_whole(context.now)"),),
        "tests/integration/test_timers.py",
    ),
    "the minimum interval": Mutant(
        (
            Line(
                "domain/blockers.py",
                "case PhaseStatus.PENDING if at is not None and now < at:",
                "case PhaseStatus.PENDING if False:",
            ),
        ),
        "tests/unit/test_blockers.py",
    ),
    "the retry's delay": Mutant(
        (
            Line(
                "domain/blockers.py",
                "case PhaseStatus.FAILED if at is not None and now < at:",
                "case PhaseStatus.FAILED if False:",
            ),
        ),
        "tests/unit/test_blockers.py",
    ),
    "the pause of the pipeline": Mutant(
        (Line("domain/blockers.py", "if pauses.pipeline_paused:", "if False:"),), "tests/api/test_pauses.py"
    ),
    "the pause of a model": Mutant(
        (Line("domain/blockers.py", "if account.model_id in pauses.paused_models:", "if False:"),),
        "tests/api/test_pauses.py",
    ),
    "what stands in the way of a delivery to who holds the account": Mutant(
        (
            Line(
                "domain/warmup/delivery.py",
                "    refuse_blocked(found, pauses, now, holder=holder)\n    return found.current",
                "    return found.current",
            ),
        ),
        "tests/api/test_claim_with_content.py",
    ),
    "the owner's consent": Mutant(
        (Line("domain/blockers.py", "[*_of_consent(account, now), *", "[*"),),
        "tests/unit/test_blockers.py",
    ),
    "the end of a consent": Mutant(
        (Line("domain/consents.py", "and consent.valid_until < now", "and consent.valid_until > now"),),
        "tests/unit/test_blockers.py",
    ),
    "a withdrawal that a request sent again would lift": Mutant(
        (Line("services/accounts.py", "withdrawn and was_requested(", "False and was_requested("),),
        "tests/api/test_consents.py",
    ),
    "a lease that ends with the consent": Mutant(
        (
            Line(
                "warmups/loading.py",
                "return leases.bounded(lease, loaded.warmup.consent.valid_until)",
                "return lease",
            ),
        ),
        "tests/api/test_consents.py",
    ),
    "the models of a key": Mutant(
        (
            Line(
                "warmups/loading.py",
                "not (context.actor.sees(account.model_id) or took(",
                "not (True or took(",
            ),
        ),
        "tests/api/test_authentication.py",
    ),
    "the limit of retries": Mutant(
        (
            Line(
                "domain/retries.py",
                "case ReportKind.TRANSIENT if retries < plan.max_retries:",
                "case ReportKind.TRANSIENT:",
            ),
        ),
        "tests/unit/test_retries.py",
    ),
    "the limit of replacements": Mutant(
        (
            Line(
                "domain/retries.py",
                "case ReportKind.CONTENT if replacements < plan.max_replacements:",
                "case ReportKind.CONTENT:",
            ),
        ),
        "tests/unit/test_retries.py",
    ),
    "the limit of crashes": Mutant(
        (Line("domain/retries.py", "crashes >= plan.max_crashes or", "crashes >= 99 or"),),
        "tests/unit/test_retries.py",
    ),
    "the limit of releases": Mutant(
        (Line("domain/retries.py", "or releases >= plan.max_releases", "or releases >= 99"),),
        "tests/unit/test_retries.py",
    ),
    "the count of a lease that ran out before its delivery": Mutant(
        (
            Line(
                "domain/warmup/due.py",
                "draft.leave(PhaseTransition.EXPIRE)",
                "draft.warmup.current and draft.warmup.current.lease_token and draft.leave(PhaseTransition.EXPIRE)",
            ),
        ),
        "tests/api/test_leases.py",
    ),
    "the clock of a loop over reads": Mutant(
        (
            Line(
                "context.py",
                "return self.time_left() < min(_SPARE_SECONDS, self.settings.deadline_seconds / 4)",
                "return False",
            ),
        ),
        "tests/integration/test_deadlines.py",
    ),
    "the state of what an import names": Mutant(
        (Line("services/enrolment.py", 'outcome="retired" if retired else', "outcome="),),
        "tests/api/test_accounts.py",
    ),
    "the count of a release": Mutant(
        (Line("domain/warmup/leases.py", "draft.leave(PhaseTransition.RELEASE)", "pass"),), "tests/api/test_leases.py"
    ),
    "what was lost before the first phase": Mutant(
        (
            Line(
                "domain/warmup/draft.py",
                "            crash_count=self.warmup.crash_count,\n"
                "            release_count=self.warmup.release_count,\n",
                "",
            ),
        ),
        "tests/api/test_leases.py",
    ),
    "the completion that an operator must decide on": Mutant(
        (Line("domain/timing.py", "or account.needs_review:", "or False:"),), "tests/api/test_leases.py"
    ),
    "the lease that makes an account working": Mutant(
        (Line("domain/queues.py", "else {Queue.WORKING}", "else frozenset()"),), "tests/api/test_account_lists.py"
    ),
    "the client request token": Mutant(
        (Line("tables/transaction.py", '"ClientRequestToken": self.token', '"ClientRequestToken": None'),),
        f"{FAULTS}::test_attempts_are_equal_to_the_byte_and_each_write_has_a_token_of_its_own",
    ),
    "the look for our own mark": Mutant(
        (
            Line(
                "tables/transaction.py",
                "if was_stored is not None and self._made_all(stale) and was_stored():",
                "if False:",
            ),
        ),
        f"{FAULTS}::test_whatever_goes_wrong_it_is_done_once_and_answered_rightly[b1 complete-working]",
    ),
    "the transaction under way that may be our own": Mutant(
        (Line("tables/transaction.py", "(stale.failed and not unknown)", "stale.failed"),),
        "tests/integration/test_transactions.py",
    ),
    "the repeat of a completion": Mutant(
        (Line("domain/warmup/work.py", "answer.token == token and (answer.outcome", "False and (answer.outcome"),),
        "tests/api/test_repeats.py",
    ),
    "the deadline of a call": Mutant(
        (Line("tables/transaction.py", "if self._context.time_left() < wait:", "if self._context.time_left() < -60:"),),
        "tests/integration/test_deadlines.py",
    ),
    "the timer's look at a late heartbeat": Mutant(
        (Line("warmups/storing.py", "None if self.before is None else unchanged(account)", "None"),), STALE
    ),
    "a heartbeat's token": Mutant(
        (Line("holdings.py", "lease.token == self.held.lease_token else None", "True else None"),), STALE
    ),
    "a session that has ended": Mutant(
        (
            Line(
                "warmups/session_rows.py",
                "Session.ended_at.does_not_exist(), *self._held(session, holding)",
                "None, *self._held(session, holding)",
            ),
        ),
        STALE,
    ),
    "a lease that is live": Mutant(
        (Line("domain/leases.py", "if lease is not None and is_live(lease, now):", "if False:"),),
        "tests/api/test_leases.py",
    ),
    "the form of an account that an upgrade changes": Mutant(
        (
            Line(
                "tables/accounts.py",
                "lease if versions is None else lease & (Account.phase_versions == versions)",
                "lease",
            ),
        ),
        "tests/integration/test_schema_changes.py",
    ),
    "the versions of the phases": Mutant(
        (Line("warmups/loading.py", "any(row.version > account.version for row in rows.values())", "False"),),
        "tests/integration/test_torn_reads.py",
    ),
    "the order of the phases": Mutant(
        (
            Line(
                "domain/warmup/delivery.py",
                "if phase.phase == warmup.current_phase and phase.status is not",
                "if phase.status is not",
            ),
        ),
        "tests/api/test_content.py",
    ),
    "the rights of what is delivered": Mutant(
        (Line("warmups/storing.py", "transaction.update(item, item.has_rights(), [])", "pass"),),
        STALE,
    ),
    "the rights of what a replacement kept": Mutant(
        (
            Line(
                "domain/warmup/delivery.py",
                "RequireRights(kind, item_id) for kind, item_id in kept)",
                "RequireRights(kind, item_id) for kind, item_id in ())",
            ),
        ),
        "tests/api/test_content_rights.py",
    ),
    "the claim on a profile": Mutant(
        (
            Line(
                "claims.py",
                "transaction.put(own, Fingerprint.fingerprint.does_not_exist())\n        return",
                "transaction.put(own)\n        return",
            ),
        ),
        STALE,
    ),
    "the claim that is taken over": Mutant(
        (
            Line(
                "claims.py",
                "claim.item_id, claim.created_at = account.account_id, context.now\n"
                "    transaction.update(claim, unchanged)",
                "claim.item_id, claim.created_at = account.account_id, context.now\n    transaction.update(claim)",
            ),
        ),
        STALE,
    ),
    "the withdrawn twin as it was read": Mutant(
        (Line("claims.py", "transaction.update(twin, kind.revision == twin.revision, [])", "pass"),), STALE
    ),
    "the words of what was given": Mutant(
        (Line("services/edits.py", 'if "body" in wanted and item.last_assigned_at is not None:', "if False:"),), STALE
    ),
    "the account that is given a claim": Mutant(
        (
            Line(
                "services/claims.py",
                "transaction.update(account, Account.version == account.version, [])",
                "pass",
            ),
        ),
        STALE,
    ),
    "what a model demands beyond the plan": Mutant(
        (Line("warmups/loading.py", "plan=demands.tighten(account.plan),", "plan=account.plan,"),),
        "tests/api/test_model_demands.py",
    ),
    "the document that an account was given": Mutant(
        (Line("tables/plans.py", "if row is None or found != digest:", "if row is None:"),),
        "tests/api/test_plan_accounts.py",
    ),
    "the 24 hours between two phases, across a migration": Mutant(
        (Line("domain/plans.py", "max(self.phases[phase].interval, LEAST_INTERVAL)", "self.phases[phase].interval"),),
        MIGRATE,
    ),
    "the phase that was completed, and is not mapped upon": Mutant(
        (Line("domain/warmup/migrate.py", "(target in kept and target != one)", "False"),), MIGRATE
    ),
    "the interval of the new plan, after the last completion": Mutant(
        (Line("domain/warmup/migrate.py", "    if last is not None:\n", "    if False:\n"),), MIGRATE
    ),
    "the date that was promised before a migration": Mutant(
        (Line("domain/warmup/migrate.py", "    if promised is not None:\n", "    if False:\n"),), MIGRATE
    ),
    "the lease of who works on an account that is migrated": Mutant(
        (Line("domain/warmup/migrate.py", "    leases.refuse_while_live(warmup.lease, now)\n", ""),), MIGRATE
    ),
    "what was delivered before a migration, which nobody is given again": Mutant(
        (
            Line(
                "domain/warmup/migrate.py",
                "if current.started_at is None and assigned(current):",
                "if assigned(current):",
            ),
        ),
        MIGRATE,
    ),
    "the phases that were completed before a migration": Mutant(
        (
            Line(
                "domain/warmup/migrate.py",
                "ahead = {name: done.get(name) or PhaseState(",
                "ahead = {name: PhaseState(",
            ),
        ),
        MIGRATE,
    ),
    "the order of a set": Mutant(
        (Line("tables/base.py", "if before != value and not _is_same_set(before, value):", "if before != value:"),),
        "tests/integration/test_sets.py",
    ),
}


class _Patched(importlib.machinery.SourceFileLoader):
    """Loads a module without its guard."""

    def __init__(self, name: str, path: str, lines: Sequence[Line]) -> None:
        super().__init__(name, path)
        self._lines = lines

    def get_code(self, fullname: str) -> CodeType:
        """The code of the changed source; what was compiled before is not asked for."""
        source = Path(self.path).read_text(encoding="utf-8")
        for line in self._lines:
            if source.count(line.guarded) != 1:
                raise LookupError(f"{line.path} holds {line.guarded!r} {source.count(line.guarded)} times, not once")
            source = source.replace(line.guarded, line.bare)
        return compile(source, self.path, "exec")


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the modules that are changed."""

    def __init__(self, mutant: Mutant) -> None:
        self._lines = mutant.lines

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The changed module, None for all others."""
        mine = [
            line for line in self._lines if fullname == f"chalicelib.{line.path.removesuffix('.py').replace('/', '.')}"
        ]
        if not mine:
            return None
        place = str(ROOT / "chalicelib" / mine[0].path)
        loader = _Patched(fullname, place, mine)
        return importlib.machinery.ModuleSpec(fullname, loader, origin=place)


if VARIABLE in os.environ:
    assert not any(name.startswith("chalicelib.") for name in sys.modules), "the service was imported before its mutant"
    sys.meta_path.insert(0, _Finder(MUTANTS[os.environ[VARIABLE]]))
