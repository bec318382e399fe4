"""Plans: each has a row that lists its versions, and a row for each version with its document."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Self

from chalicelib.domain import plan_documents, plan_versions, plans
from chalicelib.domain.errors import NotFound
from chalicelib.domain.plan_documents import STANDARD_DOCUMENT
from chalicelib.domain.plan_versions import (
    STANDARD_DIGEST,
    STANDARD_NAME,
    STANDARD_NUMBER,
    PlanReference,
    PlanState,
    is_standard,
)
from chalicelib.domain.plans import Plan
from chalicelib.tables import pages
from chalicelib.tables.attributes import (
    count,
    instant,
    maybe_digest,
    maybe_instant,
    maybe_text,
    maybe_word,
    sequence,
    text,
)
from chalicelib.tables.attributes import document as json
from chalicelib.tables.base import Item, Key, batch_get, cached
from chalicelib.tables.models import CreatorModel

LISTING = 0
"""The `plan_version` of the row that lists a plan's versions."""
_DIGITS, _PAGE = 6, 100
_STANDARD_TITLE = "The standard plan: five phases in 132 hours"


class StoredPlan(Item):
    """A plan, or a version of one; `version` counts its accepted changes.

    The plan itself (`plan_version` 0) has `versions`: `{state, digest, title}` by number, as its versions have them,
    and its `version` numbers the audit events. A version has `document` and what became of it; once it is published,
    its document never changes.
    """

    class Meta:
        table_name = "plans"

    plan_name = text(hash_key=True)
    plan_version = sequence()
    title = text()
    versions = json()
    state = maybe_word(PlanState)
    document = json()
    digest = maybe_text()
    copied_from = maybe_text()
    created_at = instant()
    created_by = text()
    updated_at = instant()
    published_at = maybe_instant()
    published_by = maybe_text()
    retired_at = maybe_instant()
    retired_by = maybe_text()
    version = count()
    head = maybe_digest()

    @property
    def subject(self) -> str:
        """The subject of its audit events."""
        return f"plan:{self.plan_name}"

    @property
    def states(self) -> dict[int, PlanState]:
        """The states of its versions, by number."""
        return {int(number): PlanState(one["state"]) for number, one in (self.versions or {}).items()}

    def list_version(self, row: Self) -> None:
        """Keeps in the plan's own row what it lists of a version."""
        listed = {"state": row.state, "digest": row.digest, "title": row.title}
        self.versions = {**(self.versions or {}), str(row.plan_version): listed}


def standard() -> StoredPlan:
    """The plan that comes with the service, before anybody made another version of it."""
    found = StoredPlan(plan_name=STANDARD_NAME, plan_version=LISTING, title=_STANDARD_TITLE)
    found.list_version(standard_version())
    return found


def standard_version() -> StoredPlan:
    """Version 1 of `standard`: the only one that no row holds, whatever happens to the table."""
    return StoredPlan(
        plan_name=STANDARD_NAME,
        plan_version=STANDARD_NUMBER,
        title=_STANDARD_TITLE,
        state=PlanState.PUBLISHED,
        document=dict(STANDARD_DOCUMENT),
        digest=STANDARD_DIGEST,
    )


def find(*wanted: tuple[str, int]) -> list[StoredPlan | None]:
    """The plans (version 0) and versions of that name and number, read together; None where there is none."""
    asked: list[Key] = [(StoredPlan, *one) for one in dict.fromkeys(wanted) if one != (STANDARD_NAME, STANDARD_NUMBER)]
    rows: Mapping[Any, StoredPlan | None] = dict(zip(asked, batch_get(asked), strict=True)) if asked else {}
    return [_found(rows.get((StoredPlan, *one)), one) for one in wanted]


def _found(row: StoredPlan | None, wanted: tuple[str, int]) -> StoredPlan | None:
    if wanted == (STANDARD_NAME, STANDARD_NUMBER):
        return standard_version()
    return as_deployed(wanted[0]) if row is None and wanted[1] == LISTING else row


def as_deployed(name: str) -> StoredPlan | None:
    """The plan of that name where no row lists its versions: `standard` comes with the service."""
    return standard() if name == STANDARD_NAME else None


def listing(name: str) -> StoredPlan:
    """The row that lists a plan's versions. Raises NotFound."""
    (found,) = find((name, LISTING))
    if found is None:
        raise NotFound("plan", name)
    return found


def version_of(name: str, number: str) -> tuple[StoredPlan, StoredPlan]:
    """The row that lists a plan's versions, and that of one of them. Raises NotFound."""
    known = number.isdecimal() and number.isascii() and not number.startswith("0") and len(number) <= _DIGITS
    plan, row = find((name, LISTING), (name, int(number))) if known else (*find((name, LISTING)), None)
    if plan is None:
        raise NotFound("plan", name)
    if row is None:
        raise NotFound("version", number)
    return plan, row


class PlanMismatch(Exception):
    """The document of a version is not the one that an account was given: nobody may follow it."""


def plan_of(name: str, version: int, digest: str | None) -> Plan:
    """The plan that an account keeps. One that is stored is read once, and kept for as long as the function lives.

    Without a digest it is one of the plans that come with the service. Raises PlanMismatch where the stored document
    is another one than the account was given.
    """
    if digest is None:
        return plans.plan_of(name, version)
    return cached(("plan", name, version, digest), math.inf, lambda: _read(name, version, digest))


def plan_for(reference: str) -> Plan:
    """The plan that new accounts get who are given this one; where none is published any more, its newest version.

    Raises NotFound, PlanMismatch.
    """
    meant = PlanReference.of(reference)
    if is_standard(meant.name, meant.version):
        return plans.STANDARD
    plan = listing(meant.name)
    number = plan_versions.meant(meant, plan.states)
    if number is None:
        raise NotFound("version", str(meant.version))
    return plan_in(plan, number)


def plan_of_new(model: CreatorModel, default: str) -> Plan:
    """The plan of a model's new accounts (`default`: where it names none), as strict as the model demands.

    Raises NotFound, PlanMismatch.
    """
    return model.demands.tighten(plan_for(model.plan or default))


def plan_in(listed: StoredPlan, number: int) -> Plan:
    """The plan that a version says which is listed. Raises PlanMismatch."""
    name = listed.plan_name
    return plan_of(name, number, None if is_standard(name, number) else listed.versions[str(number)]["digest"])


def _read(name: str, version: int, digest: str) -> Plan:
    (row,) = find((name, version))
    found = None if row is None else plan_documents.digest(row.document)
    if row is None or found != digest:
        raise PlanMismatch(f"The document of {name}/{version} has the digest {found}, but an account has {digest}.")
    return plan_documents.plan_of(name, version, row.document)


def mismatched() -> list[str]:
    """The versions, such as `slow/2`, whose document is not the one that was published: no account of them goes on."""
    rows, after, more = list[StoredPlan](), None, True
    while more:
        page, after = pages.everything(StoredPlan, limit=_PAGE, after=after)
        rows, more = rows + page, after is not None
    digests = {(row.plan_name, row.plan_version): plan_documents.digest(row.document) for row in rows if row.document}
    given = [
        (plan.plan_name, number, plan.versions[str(number)]["digest"])
        for plan in rows
        if plan.plan_version == LISTING
        for number, state in plan.states.items()
        if plan_versions.is_fixed(state) and not is_standard(plan.plan_name, number)
    ]
    return [
        f"{name}/{number}"
        for name, number, one in given
        if digests.get((name, number)) != one and _is_gone(name, number, one)
    ]


def _is_gone(name: str, number: int, digest: str) -> bool:
    """Whether the document is another one, read consistently: a scan may show a row of before."""
    (row,) = find((name, number))
    return row is None or plan_documents.digest(row.document) != digest


def listed(rows: Sequence[StoredPlan]) -> list[StoredPlan]:
    """Of some rows, those that list a plan's versions; `standard` has its own place in a list."""
    return [one for one in rows if one.plan_version == LISTING and one.plan_name != STANDARD_NAME]
