"""Models: the creators whose pools feed the accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.context import Context
from chalicelib.domain.errors import AlreadyExists, PlanNotPublished
from chalicelib.domain.permissions import Permission
from chalicelib.domain.selection import ItemRights
from chalicelib.edge.answers import Answer, Created, Tagged
from chalicelib.edge.routing import Routes
from chalicelib.routes.queries import DEFAULT_LIMIT, cursor, limit
from chalicelib.routes.schemas.lists import Page
from chalicelib.routes.schemas.model_withdrawals import ModelWithdrawal
from chalicelib.routes.schemas.models import ChangedModel, Model
from chalicelib.services import accounts, edits, model_withdrawals, models
from chalicelib.tables import Account
from chalicelib.tables import Content as ContentItem
from chalicelib.tables import Text as TextItem
from chalicelib.tables.models import DEMANDS

if TYPE_CHECKING:  # a route that reads no body needs no pydantic
    from chalicelib.routes.bodies.models import ModelBody, ModelEdit, ModelWithdrawalBody

routes = Routes(__name__, bodies=(".bodies.models",))


@routes.post(
    "/api/operator/models", needs=Permission.MODELS_WRITE, refuses=(AlreadyExists, PlanNotPublished), missing=("plan",)
)
def create(context: Context, *, body: ModelBody) -> Created[ChangedModel]:
    """Creates a model."""
    name = body.name or body.model_id
    model, replayed = models.create(
        context,
        body.model_id,
        name=name,
        themes=frozenset(body.themes),
        time_zone=body.time_zone,
        weight=body.weight,
        max_concurrent=body.max_concurrent,
        plan=body.plan,
        demands={name: getattr(body, name) for name in DEMANDS},
    )
    return Created(ChangedModel.after(model, replayed=replayed), replayed)


@routes.get("/api/operator/models", needs=Permission.MODELS_READ, query={"limit": limit, "cursor": cursor})
def list_all(context: Context, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Answer[Page[Model]]:
    """All models."""
    found, following = models.list_all(context, limit=limit, cursor=cursor)
    return Answer(Page(items=[Model.from_item(one) for one in found], next_cursor=following))


@routes.get("/api/operator/models/{model_id}", needs=Permission.MODELS_READ)
def get(context: Context, *, model_id: str) -> Tagged[Model]:
    """One model."""
    return Tagged(Model.from_item(models.get(context, model_id)))


@routes.patch(
    "/api/operator/models/{model_id}",
    needs=Permission.MODELS_PAUSE,
    members=dict.fromkeys(
        ("name", "themes", "time_zone", "weight", "max_concurrent", "plan", *DEMANDS), Permission.MODELS_WRITE
    ),
    refuses=(PlanNotPublished,),
    missing=("plan",),
    shows=lambda one, _: Model.from_item(one),
)
def edit(context: Context, *, model_id: str, body: ModelEdit) -> Tagged[ChangedModel]:
    """Changes a model: name, themes, time zone, weight, bound, plan (both null: none), demands, paused or not.

    New accounts get its `plan`; null: that of the deployment. Accounts that are there keep theirs. What it demands
    beyond the plans (`four_eyes`, `licence_required`, `cooldown_hours`, `minimum_quality`) holds for all its accounts.
    """
    themes = None if body.themes is None else frozenset(body.themes)
    model, replayed = models.edit(
        context,
        model_id,
        name=body.name,
        themes=themes,
        paused=body.paused,
        time_zone=body.time_zone,
        weight=body.weight,
        max_concurrent=body.max_concurrent,
        plan=body.plan,
        demands={name: getattr(body, name) for name in DEMANDS if name in body.model_fields_set},
        without={name for name in ("max_concurrent", "plan") if getattr(body, name, 0) is None} & body.model_fields_set,
        reason=body.reason,
    )
    return Tagged(ChangedModel.after(model, replayed=replayed))


@routes.post("/api/operator/models/{model_id}/consent/withdraw", needs=Permission.CONSENT_WRITE, seconds=20)
def withdraw_consent(context: Context, *, model_id: str, body: ModelWithdrawalBody) -> Answer[ModelWithdrawal]:
    """One step of withdrawing a whole model: its accounts' consents, then its items. The first step pauses it.

    The step that `next_cursor` asks for comes next; a dry run changes nothing.
    """
    if body.cursor is None and not body.dry_run:
        models.edit(context, model_id, paused=True, reason=body.reason)

    def act(found: Account | ContentItem | TextItem) -> bool:
        if isinstance(found, Account):
            return accounts.withdraw_consent(context, found.account_id, reason=body.reason).replayed
        kind, noun = (ContentItem, "content") if isinstance(found, ContentItem) else (TextItem, "text")
        wanted = {"status": ItemRights.WITHDRAWN}
        return edits.edit(context, kind, noun, model_id, found.item_id, wanted, body.reason).replayed

    step = model_withdrawals.withdraw(
        context, model_id, act, limit=body.limit, cursor=body.cursor, dry_run=body.dry_run
    )
    return Answer(ModelWithdrawal.of(step, model_id, dry_run=body.dry_run))
