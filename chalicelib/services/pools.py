"""Pools: media items and texts that feed the accounts of a model."""

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import date, datetime
from functools import partial
from typing import Any, Generic, TypeVar

from chalicelib.batches import RowOutcome, import_row
from chalicelib.changes import Change, retry_on_conflict
from chalicelib.claims import claim_fingerprints, duplicate, require_file
from chalicelib.context import Context
from chalicelib.domain import duplicates, needs, rights, takers, themes
from chalicelib.domain.actions import AuditAction
from chalicelib.domain.errors import AlreadyExists, Duplicate, InvalidInput, NotFound, ServiceError
from chalicelib.domain.facts import Fault
from chalicelib.domain.permissions import Permission
from chalicelib.domain.plans import Plan
from chalicelib.domain.records import record
from chalicelib.domain.selection import ItemRights, PoolKind
from chalicelib.tables import Content, CreatorModel, Fingerprint, Text, media
from chalicelib.tables.base import Key, batch_get
from chalicelib.tables.plans import plan_of_new
from chalicelib.tables.pools import PoolItem
from chalicelib.visible import visible

T = TypeVar("T", bound=PoolItem)


@record
class Entry:
    """What an operator says of a new item; `own` holds what only media or only texts have.

    `licence_valid_until` is an instant, or a day in the model's time zone.
    """

    identifier: str | None
    category: str
    quality_score: float
    max_usage: int
    theme: str | None = None
    tags: frozenset[str] = frozenset()
    status: ItemRights = ItemRights.APPROVED
    licensed_by: str | None = None
    licence_valid_until: date | None = None
    own: Mapping[str, str | int | None] = field(default_factory=dict)


@record
class MadeItem(Generic[T]):
    """An item that was created, or was there before (`replayed`), and what its maker should know of it."""

    item: T
    replayed: bool
    warnings: list[str]


@retry_on_conflict
def create(context: Context, model_id: str, entry: Entry, kind: type[T]) -> MadeItem[T]:
    """Adds a text to a pool, or a media item if its file is what the entry says.

    Raises NotFound, AlreadyExists, Duplicate, FileWithdrawn, InvalidInput.
    """
    item = _new(context, model_id, entry, kind)
    plan, found = _before(context, item, entry)
    if not isinstance(found, dict):
        return MadeItem(found, True, _warnings(found, plan, context.now))
    change = Change(context, item)
    change.record("status", None, item.status)
    claim_fingerprints(context, change.transaction, item, found)
    action = AuditAction.CONTENT_CREATE if isinstance(item, Content) else AuditAction.TEXT_CREATE
    change.commit(action, model_id=model_id, category=item.category)
    return MadeItem(item, False, _warnings(item, plan, context.now))


_Fingerprints = dict[str, Fingerprint | None]


@record
class _DryRun:
    """What the rows of a dry run would have made so far, by id and by fingerprint, each with the row's number.

    `uploads`: files that are not in the bucket yet will be uploaded before the run.
    """

    uploads: bool
    made: dict[str, tuple[int, PoolItem]] = field(default_factory=dict)

    def add(self, row: int, item: PoolItem) -> None:
        """Notes what a row would have made."""
        for key in (item.item_id, *item.fingerprints):
            self.made[key] = row, item


def _before(context: Context, item: T, entry: Entry, dry_run: _DryRun | None = None) -> tuple[Plan, T | _Fingerprints]:
    """The same item, if it was created before; else what stands under the new one's fingerprints. And the plan of its
    model's new accounts.

    The upload of a new one is kept, unless it is for a dry run. A caller who did not name the item and sends it again
    means the one that was made then. Raises NotFound (model), AlreadyExists, Duplicate, FileWithdrawn, InvalidInput.
    """
    planned: Mapping[str, tuple[int, PoolItem]] = dry_run.made if dry_run is not None else {}
    keys = [key for key in (*item.fingerprints, item.file) if key is not None]
    named: list[Key] = [(CreatorModel, item.model_id), (type(item), item.item_id)]
    model, found, *rows = batch_get(named + [(Fingerprint, key) for key in keys])
    if visible(context, model) is None:
        raise NotFound("model", item.model_id)
    themes.require(item.theme, item.model_id, model.themes)
    item.themeless = not model.themes
    plan = plan_of_new(model, context.settings.default_plan)
    _begin(context, item, entry, plan)
    item.licence_valid_until = rights.licence_end(entry.licence_valid_until, model.zone)
    if found is None and item.item_id in planned:
        found = planned[item.item_id][1]
    if found is not None:
        _require_same(context, found, item)
        same: T = found
        return plan, same
    claims = dict(zip(keys, rows, strict=True))
    claim = next((claims[key] for key in item.fingerprints if claims[key] is not None), None)
    made = _made_before(item, entry, claim, planned)
    if made is None and isinstance(item, Content):
        _check_file(context, item, claim, claims[item.file], dry_run)
    return plan, claims if made is None else made


def _made_before(
    item: T, entry: Entry, claim: Fingerprint | None, planned: Mapping[str, tuple[int, PoolItem]]
) -> T | None:
    """The item that the same entry made before, by an earlier row of a dry run or in the pool.

    Raises Duplicate where another item has the fingerprint and does not give way.
    """

    def is_another(other: PoolItem | None) -> bool:
        return other is None or entry.identifier is not None or bool(_differences(other, item, but_for_id=True))

    for row, other in (planned[key] for key in item.fingerprints if key in planned):
        if not duplicates.gives_way(other):
            if is_another(other):
                raise Duplicate(f"It is the same as that of row {row}.")
            return item
    if claim is None:
        return None
    (first,) = batch_get([(type(item), claim.item_id)])
    if first is not None and duplicates.gives_way(first):
        return None
    if is_another(first):
        raise duplicate(claim.item_id, first)
    made: T = first
    return made


def _check_file(
    context: Context, item: Content, before: Fingerprint | None, withdrawn: Fingerprint | None, dry_run: _DryRun | None
) -> None:
    """Checks that only the item that makes way (`before`) withdrew the file, and that it is what the item says."""
    if not rights.is_withdrawn(item.status):
        require_file(withdrawn, "" if before is None else before.item_id)
    _check_media(context, item, dry_run)


def _check_media(context: Context, item: Content, dry_run: _DryRun | None) -> None:
    faults = needs.faults(item.bytes)
    uploads = dry_run is not None and dry_run.uploads
    if uploads:  # the run asks for a form first, which would be refused
        faults = needs.upload_faults(item.media_type, item.bytes) or faults
    lying = None
    if context.settings.verify_media:
        faults = needs.key_faults(item.media_key, item.model_id) or faults
    if context.settings.verify_media and not faults:
        lying = media.look(context.settings.media_bucket, item.media_key)
        if lying is None and uploads:
            return
        faults = needs.lies(lying, media_type=item.media_type, size=item.bytes, sha256=item.sha256)
    if lying is not None and not faults:
        faults = _look_into(context, item, lying)
    if faults:
        raise InvalidInput(faults, "The file is not what the item says." if context.settings.verify_media else None)
    if dry_run is None and lying is not None and lying.waits:
        media.keep(context.settings.media_bucket, item.media_key)


def _look_into(context: Context, item: Content, stored: media.Stored) -> list[Fault]:
    """Takes over what the file says of itself, whatever the caller said; returns why it is of no use."""
    from chalicelib.domain import boxes, media_files  # noqa: PLC0415  # for whoever adds media

    read = media.reader(context.settings.media_bucket, stored.key)
    try:
        found = media_files.examine(read, stored.bytes)
    except boxes.UnusableFile as error:
        return [{"pointer": "/media_key", "detail": f"the file is of no use: {error.detail}"}]
    if found.media_type != item.media_type:
        return [{"pointer": "/media_type", "detail": f"the bytes are {found.media_type}"}]
    for name in _OF_THE_FILE:
        setattr(item, name, getattr(found, name))
    return []


def _new(context: Context, model_id: str, entry: Entry, kind: type[T]) -> T:
    key, prefix = ("content_id", "con") if issubclass(kind, Content) else ("text_id", "txt")
    own: dict[str, Any] = {**entry.own, key: entry.identifier or context.new_id(prefix)}
    return kind(
        **own,
        model_id=model_id,
        category=entry.category,
        quality_score=entry.quality_score,
        max_usage=entry.max_usage,
        theme=entry.theme,
        tags=set(entry.tags) or None,
        status=entry.status,
        licensed_by=entry.licensed_by,
        created_at=context.now,
        created_by=context.actor.id,
        updated_at=context.now,
    )


def _begin(context: Context, item: PoolItem, entry: Entry, plan: Plan) -> None:
    """Gives a new item its status, under the plan of its model's new accounts, and its place in the pool."""
    may_approve = context.actor.may(Permission.CONTENT_APPROVE)
    item.status = rights.at_creation(entry.status, four_eyes=plan.four_eyes, may_approve=may_approve)
    item.approved_by = rights.approver(item.status, context.actor.id)
    item.keep_in_pool()


_OF_THE_FILE = ("width", "height", "rotation", "animated", "duration_seconds", "codec", "colour_space")
"""What the service finds in a media file: the bytes decide, and `sha256` stands for them."""
_MADE_BY_THE_SERVICE = frozenset(
    {
        *("created_at", "created_by", "updated_at", "version", "head", "revision", "pool", "whole_pool", "pool_rank"),
        *("themeless", "enabled", "status", "approved_by", "usage_count", "penalty", "last_assigned_at"),
        *_OF_THE_FILE,
    }
)


def _differences(found: PoolItem, wanted: PoolItem, *, but_for_id: bool = False) -> list[str]:
    """The names of what differs."""
    names = set(type(wanted).get_attributes()) - _MADE_BY_THE_SERVICE
    names -= {str(wanted._hash_keyname)} if but_for_id else set()
    return sorted(name for name in names if (getattr(found, name) or None) != (getattr(wanted, name) or None))


def _require_same(context: Context, found: PoolItem, wanted: PoolItem) -> None:
    """Raises AlreadyExists, with the way out, where the id is taken by an item with other data."""
    differs, key = _differences(found, wanted), str(wanted._hash_keyname)
    if found.model_id != wanted.model_id:
        shown = f"the model {found.model_id}" if context.actor.sees(found.model_id) else "another model"
        raise AlreadyExists(
            f"{found.item_id} is the id of an item of {shown}: ids are unique across models. "
            f"Leave {key} out (the service makes one), or choose another."
        )
    if differs:
        raise AlreadyExists(
            f"{found.item_id} exists with other data: {', '.join(differs)}. It is `{found.status}`, in the category "
            f"`{found.category}`: change it by PATCH, or choose another {key}."
        )


def _warnings(item: PoolItem, plan: Plan, now: datetime) -> list[str]:
    """What an operator should know who made this item: that no phase of the plan takes it."""
    found = takers.warning(item, PoolKind.TEXT if isinstance(item, Text) else PoolKind.CONTENT, now, plan)
    return [] if found is None else [found]


def import_all(
    context: Context,
    kind: type[T],
    model_id: str,
    rows: Sequence[Entry | ServiceError],
    *,
    dry_run: bool,
    assume_uploaded: bool = False,
) -> list[RowOutcome[MadeItem[T]]]:
    """Adds the item of each row; a bad one (an error in its place) never spoils the others.

    What the time of one call does not suffice for is left: the same import, sent again, creates no duplicate.
    A dry run decides as the run does; with `assume_uploaded` as if the files that are not there had been uploaded.
    """
    trial = _DryRun(assume_uploaded) if dry_run else None

    def make(place: int, entry: Entry) -> tuple[str | None, MadeItem[T], bool]:
        if trial is not None:
            return _tried(context, _new(context, model_id, entry, kind), entry, place, trial)
        made = create(context, model_id, entry, kind)
        return made.item.item_id, made, made.replayed

    spare = context.settings.deadline_seconds / 10
    places = enumerate(rows, start=1)
    return [import_row(context, place, row, partial(make, place), spare_seconds=spare) for place, row in places]


def _tried(context: Context, item: T, entry: Entry, place: int, trial: _DryRun) -> tuple[str | None, MadeItem[T], bool]:
    plan, found = _before(context, item, entry, trial)
    replayed = not isinstance(found, dict)
    if not replayed:
        trial.add(place, item)
    return entry.identifier, MadeItem(item, replayed, _warnings(item, plan, context.now)), replayed
