"""What users may do: a permission for each operation, and roles as named sets of them. What no role has, nobody may."""

from collections.abc import Mapping, Set
from enum import StrEnum
from typing import Final

from chalicelib.domain.errors import Forbidden


class Permission(StrEnum):
    """What an operation under `/api/operator` needs; each names one."""

    ME_READ = "me:read"
    MODELS_READ = "models:read"
    MODELS_PAUSE = "models:pause"
    MODELS_WRITE = "models:write"
    ACCOUNTS_READ = "accounts:read"
    ACCOUNTS_WRITE = "accounts:write"
    ACCOUNTS_ERASE = "accounts:erase"
    CONSENT_WRITE = "consent:write"
    CONTENT_READ = "content:read"
    CONTENT_EDIT = "content:edit"
    CONTENT_WRITE = "content:write"
    CONTENT_APPROVE = "content:approve"
    REVIEW_READ = "review:read"
    REVIEW_WRITE = "review:write"
    TASKS_READ = "tasks:read"
    TASKS_WRITE = "tasks:write"
    SESSIONS_READ = "sessions:read"
    SESSIONS_WRITE = "sessions:write"
    PLANS_READ = "plans:read"
    PLANS_WRITE = "plans:write"
    PIPELINE_READ = "pipeline:read"
    PIPELINE_WRITE = "pipeline:write"
    AUDIT_READ = "audit:read"
    BOTS_READ = "bots:read"
    BOTS_WRITE = "bots:write"
    USERS_READ = "users:read"
    USERS_WRITE = "users:write"
    KEYS_READ = "keys:read"
    KEYS_WRITE = "keys:write"


class Role(StrEnum):
    """A named set of permissions, which a user has."""

    VIEWER = "viewer"
    CONTRIBUTOR = "contributor"
    APPROVER = "approver"
    OPERATOR = "operator"
    ADMIN = "admin"


Permissions = Set[Permission]
NONE: Final[Permissions] = frozenset()
_VIEWER: Final = frozenset(one for one in Permission if one.endswith(":read") and one is not Permission.KEYS_READ)
_CONTRIBUTOR: Final = frozenset({Permission.CONTENT_EDIT, Permission.CONTENT_WRITE})
_APPROVER: Final = frozenset({Permission.CONTENT_EDIT, Permission.CONTENT_APPROVE})
_OPERATOR: Final = frozenset(
    {
        *(Permission.ACCOUNTS_WRITE, Permission.CONSENT_WRITE, Permission.REVIEW_WRITE, Permission.TASKS_WRITE),
        *(Permission.SESSIONS_WRITE, Permission.MODELS_PAUSE),
    }
)
ROLES: Mapping[Role, Permissions] = {
    Role.VIEWER: _VIEWER,
    Role.CONTRIBUTOR: _VIEWER | _CONTRIBUTOR,
    Role.APPROVER: _VIEWER | _APPROVER,
    Role.OPERATOR: _VIEWER | _CONTRIBUTOR | _APPROVER | _OPERATOR,
    Role.ADMIN: frozenset(Permission),
}


def of_role(role: Role | None) -> Permissions:
    """What a role may do; nothing without one."""
    return NONE if role is None else ROLES[role]


def may(granted: Permissions, needed: Permission) -> bool:
    """Whether somebody with these permissions may do what needs that one."""
    return needed in granted


def holders(needed: Permission) -> list[Role]:
    """The roles that have the permission, the smallest first."""
    return [role for role, granted in ROLES.items() if may(granted, needed)]


def may_grant(granted: Permissions, role: Role) -> bool:
    """Whether somebody with these permissions may give somebody that role: nobody grants more than they have."""
    return granted >= ROLES[role]


def may_bind(own: Set[str] | None, given: Set[str] | None) -> bool:
    """Whether somebody bound to `own` models may bind others to `given` ones; None: all models."""
    return own is None or (given is not None and given <= own)


def is_bindable(role: Role) -> bool:
    """Whether the role may be bound to models: an admin's may not."""
    return role is not Role.ADMIN


def is_admin(role: Role) -> bool:
    """Whether the role may do everything."""
    return role is Role.ADMIN


def lacking(needed: Permission, role: Role | None) -> Forbidden:
    """The refusal for somebody of that role, naming the permission that is missing and the roles that have it."""
    roles = holders(needed)
    who = " or ".join(f"`{one}`" for one in roles)
    return Forbidden(
        f"This needs the permission `{needed}`, which your role `{role}` lacks: ask a user whose role is {who}.",
        permission=needed,
        roles=[str(one) for one in roles],
    )
