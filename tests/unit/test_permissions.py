"""Permissions: each operation of users needs one, roles are sets of them, and nobody grants more than they have."""

from itertools import pairwise

import pytest

from chalicelib import routes
from chalicelib.context import Actor, ActorKind
from chalicelib.domain import permissions
from chalicelib.domain.errors import Forbidden
from chalicelib.domain.permissions import ROLES, Permission, Role
from chalicelib.edge.endpoints import Endpoint
from chalicelib.edge.routing import ENDPOINTS

assert routes.BLUEPRINTS, "importing the routes declares them"
OF_USERS = [one for one in ENDPOINTS if one.path.startswith("/api/operator/")]
CHANGES = {one for one in Permission if not one.endswith(":read")}


def named(endpoint: Endpoint) -> str:
    """The name of a case."""
    return f"{endpoint.method} {endpoint.path}"


@pytest.mark.parametrize("endpoint", OF_USERS, ids=named)
def test_each_operation_of_users_needs_a_permission_and_a_change_is_no_reading(endpoint: Endpoint) -> None:
    assert endpoint.needs is not None
    assert endpoint.by is None
    assert endpoint.method == "GET" or endpoint.needs in CHANGES or "preview" in endpoint.path


def test_nobody_else_needs_one() -> None:
    assert {one.needs for one in ENDPOINTS if one not in OF_USERS} == {None}


@pytest.mark.parametrize("endpoint", [one for one in OF_USERS if one.members], ids=named)
def test_each_member_of_a_body_that_is_judged_by_itself_is_named(endpoint: Endpoint) -> None:
    assert endpoint.body is not None
    members = set(endpoint.body.model_fields) - {"reason"}
    assert members - {"paused"} <= endpoint.members.keys()


def test_each_permission_is_needed_somewhere() -> None:
    needed = {one.needs for one in OF_USERS} | {needs for one in OF_USERS for needs in one.members.values()}
    read_with_others = {Permission.KEYS_READ}
    assert set(Permission) - needed == read_with_others


def test_a_viewer_reads_everything_but_keys_and_changes_nothing() -> None:
    assert ROLES[Role.VIEWER] == set(Permission) - CHANGES - {Permission.KEYS_READ}


@pytest.mark.parametrize(
    ("role", "more"),
    [
        (Role.CONTRIBUTOR, {"content:edit", "content:write"}),
        (Role.APPROVER, {"content:edit", "content:approve"}),
        (
            Role.OPERATOR,
            {
                *("content:edit", "content:write", "content:approve", "accounts:write", "consent:write"),
                *("review:write", "tasks:write", "sessions:write", "models:pause"),
            },
        ),
        (Role.ADMIN, {*CHANGES, Permission.KEYS_READ}),
    ],
)
def test_what_each_role_may_beyond_a_viewer(role: Role, more: set[str]) -> None:
    assert ROLES[role] - ROLES[Role.VIEWER] == more


@pytest.mark.parametrize(("own", "given"), [(one, other) for one in Role for other in Role])
def test_nobody_grants_more_than_they_have(own: Role, given: Role) -> None:
    assert permissions.may_grant(ROLES[own], given) is (ROLES[given] <= ROLES[own])
    assert not permissions.may_grant(permissions.NONE, given)


def test_roles_are_told_from_the_smallest_to_the_largest() -> None:
    assert permissions.holders(Permission.KEYS_WRITE) == [Role.ADMIN]
    assert permissions.holders(Permission.CONTENT_APPROVE) == [Role.APPROVER, Role.OPERATOR, Role.ADMIN]
    assert all(len(ROLES[one]) <= len(ROLES[next_one]) for one, next_one in pairwise(Role))


@pytest.mark.parametrize(
    ("own", "given", "may"),
    [
        (None, None, True),
        (None, {"m1"}, True),
        ({"m1"}, {"m1"}, True),
        ({"m1", "m2"}, {"m1"}, True),
        ({"m1"}, {"m2"}, False),
        ({"m1"}, {"m1", "m2"}, False),
        ({"m1"}, None, False),  # all models are more than one
    ],
)
def test_nobody_binds_others_to_models_that_they_do_not_see(
    own: set[str] | None, given: set[str] | None, may: bool
) -> None:
    assert permissions.may_bind(own, given) is may


def test_only_an_admin_cannot_be_bound() -> None:
    assert [role for role in Role if not permissions.is_bindable(role)] == [Role.ADMIN]
    assert [role for role in Role if permissions.is_admin(role)] == [Role.ADMIN]


def test_who_has_no_role_may_nothing_and_the_refusal_names_who_may() -> None:
    bot = Actor(ActorKind.BOT, "b1")
    assert not any(map(bot.may, Permission))
    viewer = Actor(ActorKind.OPERATOR, "vi", role=Role.VIEWER)
    with pytest.raises(Forbidden) as refused:
        viewer.require(Permission.CONTENT_WRITE)
    assert refused.value.members == {
        "permission": "content:write",
        "roles": ["contributor", "operator", "admin"],
    }
    viewer.require(Permission.CONTENT_READ)
