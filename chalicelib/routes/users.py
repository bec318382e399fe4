"""Users, who may call the operator API, with their roles and their keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.context import Context
from chalicelib.domain.errors import AlreadyExists, LastAdmin, TooManyKeys
from chalicelib.domain.permissions import Permission
from chalicelib.edge.answers import Answer, Created, New, Tagged
from chalicelib.edge.routing import Routes
from chalicelib.routes.queries import DEFAULT_LIMIT, cursor, limit
from chalicelib.routes.schemas.lists import Page
from chalicelib.routes.schemas.users import ChangedUser, CreatedUser, Me, User
from chalicelib.services import users
from chalicelib.services.users import NewUser, NewUserKey, UserChange

if TYPE_CHECKING:  # a route that reads no body needs no pydantic
    from chalicelib.routes.bodies.reasons import ReasonBody
    from chalicelib.routes.bodies.users import KeyBody, UserBody, UserEdit

routes = Routes(__name__, bodies=(".bodies.reasons", ".bodies.users"))


@routes.get("/api/operator/me", needs=Permission.ME_READ)
def me(context: Context) -> Answer[Me]:
    """Who the caller is, by which role, on which models, and what that role may."""
    return Answer(Me.of(context.actor, users.name_of(context)))


@routes.post("/api/operator/users", needs=Permission.USERS_WRITE, refuses=(AlreadyExists,))
def create(context: Context, *, body: UserBody) -> Created[CreatedUser]:
    """Creates a user of a role; the key is in the answer, this once. Nobody grants more than they have."""
    user_id = body.user_id or context.new_id("usr")
    models = None if body.models is None else frozenset(body.models)
    given = NewUser(user_id, body.name or user_id, body.role, models, body.expires_at)
    user, key = users.create(context, given)
    return Created(CreatedUser.made(user, key, context.actor), key is None)


@routes.get("/api/operator/users", needs=Permission.USERS_READ, query={"limit": limit, "cursor": cursor})
def list_all(context: Context, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Answer[Page[User]]:
    """All users; with `keys:read` their keys, too."""
    found, following = users.list_all(context, limit=limit, cursor=cursor)
    return Answer(Page(items=[User.from_item(one, context.actor) for one in found], next_cursor=following))


@routes.get("/api/operator/users/{user_id}", needs=Permission.USERS_READ)
def get(context: Context, *, user_id: str) -> Tagged[User]:
    """One user."""
    return Tagged(User.from_item(users.get(context, user_id), context.actor))


@routes.patch(
    "/api/operator/users/{user_id}",
    needs=Permission.USERS_WRITE,
    refuses=(LastAdmin,),
    shows=lambda one, _: User.from_item(one),
)
def edit(context: Context, *, user_id: str, body: UserEdit) -> Tagged[ChangedUser]:
    """Changes a user: name, role, models (null: all), or lets a disabled one have keys again (`disabled` false)."""
    models = None if body.models is None else frozenset(body.models)
    freed = models is None and "models" in body.model_fields_set
    given = UserChange(body.name, body.role, models, all_models=freed, enable=body.disabled is False)
    user, replayed = users.edit(context, user_id, given)
    return Tagged(ChangedUser.after(user, context.actor, replayed=replayed))


@routes.post("/api/operator/users/{user_id}/keys", needs=Permission.KEYS_WRITE, refuses=(TooManyKeys,))
def rotate_key(context: Context, *, user_id: str, body: KeyBody) -> New[NewUserKey]:
    """Makes a new key beside the live one; it is in the answer, this once."""
    return New(users.rotate_key(context, user_id, expires_at=body.expires_at))


@routes.delete("/api/operator/users/{user_id}/keys/{key_id}", needs=Permission.KEYS_WRITE, refuses=(LastAdmin,))
def revoke_key(context: Context, *, user_id: str, key_id: str) -> Answer[ChangedUser]:
    """Revokes a key, everywhere within a minute."""
    user, replayed = users.revoke(context, user_id, key_id)
    return Answer(ChangedUser.after(user, context.actor, replayed=replayed))


@routes.post("/api/operator/users/{user_id}/disable", needs=Permission.USERS_WRITE, refuses=(LastAdmin,))
def disable(context: Context, *, user_id: str, body: ReasonBody) -> Answer[ChangedUser]:
    """Revokes all keys of a user, who gets no new one until somebody enables them again (`disabled` false)."""
    user, replayed = users.disable(context, user_id, reason=body.reason)
    return Answer(ChangedUser.after(user, context.actor, replayed=replayed))
