"""Users: who may call the operator API, by which role, on which models; and their keys."""

from collections.abc import Sequence
from datetime import datetime

from chalicelib.changes import Change, check_if_match, retry_on_conflict
from chalicelib.claims import claim_name
from chalicelib.context import ActorKind, Context
from chalicelib.credentials import add_key, require_room, revoke_key
from chalicelib.domain import admins, ids, permissions
from chalicelib.domain.actions import AuditAction
from chalicelib.domain.errors import AlreadyExists, Forbidden, InvalidInput, NotFound
from chalicelib.domain.permissions import Role
from chalicelib.domain.records import record
from chalicelib.tables import Bot, Fingerprint, Setting, User, pages
from chalicelib.tables.base import batch_get
from chalicelib.tables.settings import ADMINS, keep_admins


@record
class NewUserKey:
    """A user's key that was just made: the only time that it is shown."""

    user_id: str
    key_id: str
    key: str


@record
class _Loaded:
    """A user, and who can administer; `moved`: the row of an operator of an earlier release that becomes the user."""

    user: User
    admins: Setting | None
    moved: Bot | None = None


@record
class NewUser:
    """What is said of a new user; `models` None: all, `expires_at` None: the key never expires."""

    user_id: str
    name: str
    role: Role
    models: frozenset[str] | None = None
    expires_at: datetime | None = None


@record
class UserChange:
    """What is to be changed of a user, None where nothing is; `all_models` frees, `enable` lets have keys again."""

    name: str | None = None
    role: Role | None = None
    models: frozenset[str] | None = None
    all_models: bool = False
    enable: bool = False


@retry_on_conflict
def create(context: Context, given: NewUser) -> tuple[User, NewUserKey | None]:
    """Creates a user with a first key; None for the key where the same was there already.

    Raises AlreadyExists, InvalidInput, Forbidden.
    """
    ids.check_own("user", given.user_id)
    _require_grantable(context, given.role, given.models)
    user_id = given.user_id
    found, bot, setting, claim = batch_get(
        [(User, user_id), (Bot, user_id), (Setting, ADMINS), (Fingerprint, ids.name_claim(user_id))]
    )
    if claim is not None and claim.item_id != user_id:
        raise AlreadyExists(f"{user_id} differs from {claim.item_id} only in case: ids that do are one.")
    if bot is not None:
        raise AlreadyExists(f"{user_id} is the id of a bot: a user needs another.")
    if found is not None:
        if (found.name, found.role, _bound(found)) != (given.name, given.role, given.models):
            raise AlreadyExists(f"User {user_id} exists with other data.")
        return found, None
    user = _new(context, given)
    change = Change(context, user)
    key_id, key = add_key(change, user, user_id, given.expires_at)
    change.record("user", None, "created")
    claim_name(context, change.transaction, user_id)
    change.transaction.update(Bot(bot_id=user_id), Bot.bot_id.does_not_exist(), [])
    _commit(change, _Loaded(user, setting), AuditAction.USER_CREATE, key_id=key_id, role=given.role)
    return user, NewUserKey(user_id, key_id, key)


def _new(context: Context, given: NewUser) -> User:
    return User(
        user_id=given.user_id,
        role=given.role,
        name=given.name,
        models=None if given.models is None else set(given.models),
        created_at=context.now,
        updated_at=context.now,
    )


def _require_grantable(context: Context, role: Role, models: frozenset[str] | None) -> None:
    """Raises InvalidInput for an admin that is bound, Forbidden where the caller would grant more than they have."""
    if models is not None and not permissions.is_bindable(role):
        raise InvalidInput([{"pointer": "/models", "detail": f"the role `{role}` is for all models: leave it out"}])
    own = context.actor
    if not permissions.may_grant(permissions.of_role(own.role), role):
        raise Forbidden(f"Nobody grants more than they have: your role `{own.role}` cannot give `{role}`.")
    if not permissions.may_bind(own.models, models):
        raise Forbidden("Nobody grants more than they have: you are bound to fewer models than these.")


def _load(context: Context, user_id: str) -> _Loaded:
    """A user, with who can administer. An operator of an earlier release becomes one by the next change.

    Raises NotFound.
    """
    user, bot, setting = batch_get([(User, user_id), (Bot, user_id), (Setting, ADMINS)])
    if user is not None:
        return _Loaded(user, setting)
    if bot is None or bot.role is ActorKind.BOT:
        raise NotFound("user", user_id)
    moved = User(
        user_id=user_id,
        role=Role.ADMIN,
        name=bot.name,
        keys=bot.keys,
        created_at=bot.created_at,
        updated_at=bot.updated_at,
    )
    return _Loaded(moved, setting, bot)


def _commit(change: Change, loaded: _Loaded, action: AuditAction, **details: str) -> None:
    """Writes a user, with who can administer then. Raises LastAdmin, Stale."""
    user, setting, now = loaded.user, loaded.admins, change.context.now
    before = {} if setting is None or setting.did is None else setting.did
    until = admins.standing(user.role, user.keys, now)
    after = admins.after(before, user.user_id, until, now)
    if after != before:
        change.transaction.update(Setting(name=ADMINS), *keep_admins(setting, after))
    if loaded.moved is not None:
        change.transaction.delete(loaded.moved, Bot.version == loaded.moved.version)
    change.commit(action, None, **details)


@retry_on_conflict
def move(context: Context, user_id: str) -> bool:
    """Moves an operator of an earlier release from the bots to the users, as an admin, with the keys; returns whether
    this call did."""
    try:
        loaded = _load(context, user_id)
    except NotFound:
        return False
    if loaded.moved is None:
        return False
    change = Change(context, loaded.user)
    change.record("user", None, "created")
    _commit(change, loaded, AuditAction.USER_CREATE, role=loaded.user.role)
    return True


@retry_on_conflict
def edit(context: Context, user_id: str, given: UserChange) -> tuple[User, bool]:
    """Changes a user; it works within the time that keys are kept. Returns whether all was so already.

    Raises NotFound, VersionConflict, InvalidInput, Forbidden, LastAdmin.
    """
    loaded = _load(context, user_id)
    user = loaded.user
    bound = _bound(user) if given.models is None and not given.all_models else given.models
    wanted = {"name": given.name or user.name, "role": given.role or user.role, "models": bound}
    changed = {what: value for what, value in wanted.items() if value != _stored(user, what)}
    if given.enable and user.disabled_at is not None:
        changed["disabled_at"] = None
    if not changed:
        return user, True  # the same edit sent again, too, whatever version it names
    check_if_match(context, user)
    _require_grantable(context, given.role or user.role, bound)
    change = Change(context, user)
    for what, value in changed.items():
        change.set(what, value)
    user.updated_at = context.now
    _commit(change, loaded, AuditAction.USER_CHANGE, changed=change.changed)
    return user, False


def _bound(user: User) -> frozenset[str] | None:
    return None if user.models is None else frozenset(user.models)


def _stored(user: User, what: str) -> object:
    return _bound(user) if what == "models" else getattr(user, what)


@retry_on_conflict
def rotate_key(context: Context, user_id: str, *, expires_at: datetime | None = None) -> NewUserKey:
    """Makes a new key beside the live one. Raises NotFound, TooManyKeys, InvalidInput."""
    loaded = _load(context, user_id)
    user = loaded.user
    if user.disabled_at is not None:
        raise InvalidInput([{"pointer": "", "detail": "the user is disabled: PATCH `disabled` false comes first"}])
    require_room(context, user)
    change = Change(context, user)
    key_id, key = add_key(change, user, user_id, expires_at)
    change.record(f"key:{key_id}", None, "live")
    _commit(change, loaded, AuditAction.USER_ADD_KEY, key_id=key_id)
    return NewUserKey(user_id, key_id, key)


@retry_on_conflict
def revoke(context: Context, user_id: str, key_id: str) -> tuple[User, bool]:
    """Revokes a key; returns whether it was revoked before. Raises NotFound, LastAdmin."""
    loaded = _load(context, user_id)
    change = Change(context, loaded.user)
    if revoke_key(change, loaded.user, key_id):
        return loaded.user, True
    _commit(change, loaded, AuditAction.USER_REVOKE_KEY, key_id=key_id)
    return loaded.user, False


@retry_on_conflict
def disable(context: Context, user_id: str, *, reason: str) -> tuple[User, bool]:
    """Revokes all keys of a user, who gets no new one; returns whether that was so. Raises NotFound, LastAdmin."""
    loaded = _load(context, user_id)
    user = loaded.user
    if user.disabled_at is not None:
        return user, True
    change = Change(context, user)
    for key_id in sorted(user.keys):
        revoke_key(change, user, key_id)
    change.record("user", "enabled", "disabled")
    user.disabled_at = user.updated_at = context.now
    _commit(change, loaded, AuditAction.USER_DISABLE, reason=reason)
    return user, False


def name_of(context: Context) -> str:
    """The name of the caller; the key of the deployment has none but its id."""
    try:
        return _load(context, context.actor.id).user.name
    except NotFound:
        return context.actor.id


def get(context: Context, user_id: str) -> User:
    """One user. Raises NotFound."""
    found = _load(context, user_id).user
    if not context.actor.covers(_bound(found)):
        raise NotFound("user", user_id)
    return found


def list_all(context: Context, *, limit: int, cursor: str | None) -> tuple[Sequence[User], str | None]:
    """All users; to somebody who is bound those that are bound to no other models. Raises MalformedRequest."""
    places = context.cursors("users")
    found, following = pages.everything(User, limit=limit, after=places.decode(cursor))
    return [one for one in found if context.actor.covers(_bound(one))], places.encode(following)
