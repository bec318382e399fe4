"""Plans: drafts, their edits, what is published and what is retired."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from chalicelib.changes import Change, check_if_match, retry_on_conflict
from chalicelib.context import Context
from chalicelib.domain import plan_documents, plan_versions
from chalicelib.domain.actions import AuditAction
from chalicelib.domain.errors import AlreadyExists, InvalidInput, InvalidTransition
from chalicelib.domain.plan_diffs import PlanDifference, differences, in_words
from chalicelib.domain.plan_documents import PlanDocument, completed, digest
from chalicelib.domain.plan_versions import (
    STANDARD_NAME,
    STANDARD_NUMBER,
    PlanReference,
    PlanState,
    PlanTransition,
)
from chalicelib.domain.records import record
from chalicelib.tables import StoredPlan, pages, settings
from chalicelib.tables import counts as totals
from chalicelib.tables.plans import LISTING, find, listed, listing, version_of

_PAGE = 100


# what is there


def list_all(context: Context, *, limit: int, cursor: str | None) -> tuple[list[StoredPlan], str | None]:
    """All plans, `standard` first, and where the list goes on. Raises MalformedRequest."""
    cursors = context.cursors("plans")
    found = list(islice(_plans(cursors.decode(cursor)), limit + 1))
    if len(found) <= limit:
        return found, None
    last = found[limit - 1]
    return found[:limit], cursors.encode({"after": None if last.plan_name == STANDARD_NAME else last.key})


def _plans(begun: Mapping[str, Any] | None) -> Iterator[StoredPlan]:
    if begun is None:
        yield listing(STANDARD_NAME)
    after, more = (begun or {}).get("after"), True
    while more:
        rows, after = pages.everything(StoredPlan, limit=_PAGE, after=after)
        yield from listed(rows)
        more = after is not None


def get(context: Context, name: str) -> StoredPlan:
    """One plan with what it lists of its versions. Raises NotFound."""
    return listing(name)


def accounts_on(context: Context, found: Sequence[StoredPlan]) -> dict[str, int | None]:
    """How many accounts have each version of these plans, by name and number; None where not all are counted yet.

    Those of `standard` 1 are all that have no other plan. They are counted of all models: who is bound to some is not
    shown them.
    """
    names = [f"{plan.plan_name}/{number}" for plan in found for number in plan.states]
    if context.actor.models is not None:
        return dict.fromkeys(names)
    standard = str(PlanReference(STANDARD_NAME, STANDARD_NUMBER))
    counts: dict[str, int | None] = {**settings.accounts_on([name for name in names if name != standard])}
    if standard in names:
        counted = totals.counted(context)
        others, ended = settings.accounts_on([plan_versions.OTHER]), settings.ended()
        everybody = sum(counted.states.values()) + sum(ended.values())
        counts[standard] = None if counted.has_more else everybody - others[plan_versions.OTHER]
    return counts


def get_version(context: Context, name: str, number: str) -> StoredPlan:
    """One version of a plan. Raises NotFound."""
    return _read(name, number).row


def diff(context: Context, name: str, number: str, against: PlanReference | None) -> tuple[str, list[PlanDifference]]:
    """What differs between a version and another (default: the one that it was copied from), and which that is.

    Raises NotFound.
    """
    row = _read(name, number).row
    other = against or PlanReference.of(row.copied_from or str(PlanReference(STANDARD_NAME, STANDARD_NUMBER)))
    before = _named(other)
    return _reference(before), differences(completed(before.document), completed(row.document))


@record
class _Read:
    """A version with the row that lists it."""

    plan: StoredPlan
    row: StoredPlan


def _read(name: str, number: str) -> _Read:
    """A version with its plan. Raises NotFound."""
    return _Read(*version_of(name, number))


def _named(reference: PlanReference) -> StoredPlan:
    """The version that a reference means: of several the newest that is published, else the newest. Raises NotFound."""
    plan = listing(reference.name)
    number = plan_versions.meant(reference, plan.states)
    return _read(reference.name, str(number or reference.version)).row


def _reference(row: StoredPlan) -> str:
    return str(PlanReference(row.plan_name, row.plan_version))


# changes


@retry_on_conflict
def create(context: Context, name: str, *, title: str, copied: PlanReference | None) -> tuple[StoredPlan, bool]:
    """Makes a draft: the first version of a plan, or its next; a copy of another (default: of its own newest, else of
    `standard`). Returns whether it was there already.

    Raises NotFound (what is copied), AlreadyExists where the plan has another draft.
    """
    (plan,) = find((name, LISTING))
    if plan is not None and (drafted := plan_versions.draft(plan.states)) is not None:
        row = _read(name, str(drafted)).row
        if row.title == title and (copied is None or _reference(_named(copied)) == row.copied_from):
            return row, True
        raise AlreadyExists(f"{name} has a draft already, version {drafted}: edit, publish or retire that one first.")
    source = _named(copied or PlanReference(STANDARD_NAME if plan is None else name))
    origin = _reference(source)
    plan = plan or _stamped(context, StoredPlan(plan_name=name, plan_version=LISTING, title=title))
    row = StoredPlan(
        plan_name=name,
        plan_version=max(plan.states, default=0) + 1,
        title=title,
        state=PlanState.DRAFT,
        document=completed(source.document),
        digest=digest(completed(source.document)),
        copied_from=origin,
    )
    _store(context, _Read(plan, _stamped(context, row)), AuditAction.PLAN_CREATE, None, copied_from=origin)
    return row, False


def _stamped(context: Context, row: StoredPlan) -> StoredPlan:
    row.created_at, row.created_by = context.now, context.actor.id
    return row


@retry_on_conflict
def edit(
    context: Context,
    name: str,
    number: str,
    *,
    title: str | None,
    phases: list[dict[str, Any]] | None,
    limits: Mapping[str, Any],
    reason: str | None,
) -> tuple[StoredPlan, bool]:
    """Changes what is given of a draft: its phases as a whole, its limits one by one; returns whether it was so before.

    Raises NotFound, InvalidInput, InvalidTransition, VersionConflict.
    """
    found = _read(name, number)
    row, before = found.row, completed(found.row.document)
    document, title = _edited(before, phases, limits), title or row.title
    if (document, title) == (before, row.title):
        return row, True
    check_if_match(context, row)
    plan_versions.after(_state(row), PlanTransition.EDIT)
    words = [f"title: {title}"] if title != row.title else []
    if changed := differences(before, document):
        words.append(in_words(changed))
    row.title, row.document, row.digest = title, document, digest(document)
    _store(context, found, AuditAction.PLAN_CHANGE, row.state, changed="; ".join(words), reason=reason)
    return row, False


def _edited(before: PlanDocument, phases: list[dict[str, Any]] | None, limits: Mapping[str, Any]) -> dict[str, Any]:
    """The document with these phases and limits in the place of its own. Raises InvalidInput."""
    given = {
        "phases": before["phases"] if phases is None else phases,
        "limits": {**before["limits"], **limits},
    }
    if wrong := plan_documents.faults(given):
        raise InvalidInput(wrong)
    return completed(given)


def publish(context: Context, name: str, number: str, *, reason: str | None) -> tuple[StoredPlan, bool]:
    """Opens a draft to new accounts; it never changes again. Returns whether it was published already.

    Raises NotFound, InvalidTransition.
    """

    def note(row: StoredPlan) -> None:
        row.published_at, row.published_by = context.now, context.actor.id

    return _moved(context, name, number, PlanTransition.PUBLISH, note, reason=reason)


def retire(context: Context, name: str, number: str, *, reason: str | None) -> tuple[StoredPlan, bool]:
    """Closes a version to new accounts; those under way go on by it. Returns whether it was retired already.

    Raises NotFound, InvalidTransition.
    """

    def note(row: StoredPlan) -> None:
        row.retired_at, row.retired_by = context.now, context.actor.id

    return _moved(context, name, number, PlanTransition.RETIRE, note, reason=reason)


_ACTIONS: Mapping[PlanTransition, tuple[AuditAction, PlanState]] = {
    PlanTransition.PUBLISH: (AuditAction.PLAN_PUBLISH, PlanState.PUBLISHED),
    PlanTransition.RETIRE: (AuditAction.PLAN_RETIRE, PlanState.RETIRED),
}


@retry_on_conflict
def _moved(
    context: Context,
    name: str,
    number: str,
    move: PlanTransition,
    note: Callable[[StoredPlan], None],
    *,
    reason: str | None,
) -> tuple[StoredPlan, bool]:
    found, (action, reached) = _read(name, number), _ACTIONS[move]
    row, before = found.row, _state(found.row)
    if before is reached:
        return row, True
    state = plan_versions.after(before, move)
    if not row.was_read():  # what comes with the service stays
        raise InvalidTransition("version of a plan", before, move, [])
    row.state = state
    note(row)
    _store(context, found, action, before, reason=reason)
    return row, False


def _state(row: StoredPlan) -> PlanState:
    assert row.state is not None, "a version has a state"
    return row.state


def _store(context: Context, found: _Read, action: AuditAction, before: PlanState | None, **details: object) -> None:
    """Writes a version with the row that lists it. Of what it was before, the condition is that it is that still."""
    plan, row = found.plan, found.row
    change = Change(context, plan)
    change.record(f"version:{row.plan_version}", before, row.state)
    if not plan.was_read():
        _stamped(context, plan)
    plan.list_version(row)
    plan.title, plan.updated_at, row.updated_at = row.title, context.now, context.now
    row.version += 1
    if row.was_read():
        unchanged = (StoredPlan.version == row.version - 1) & (StoredPlan.state == before)
        change.transaction.update(row, unchanged)
    else:
        change.transaction.put(row, StoredPlan.plan_name.does_not_exist())
    change.commit(action, None, version=row.plan_version, **details)
