"""What the claims of a token make of a user: id, role, models."""

from typing import Any

import pytest

from chalicelib.domain import ids, keys, sign_in
from chalicelib.domain.permissions import Role

ISSUER = "https://login.example.org"


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://login.example.org/realm", True),
        ("https://login.example.org:8443", True),
        ("http://127.0.0.1:8000", True),
        ("http://localhost:8000/issuer", True),
        ("http://[::1]:8000", True),
        ("http://login.example.org", False),  # whoever is between us and it could sign as it
        ("http://127.0.0.1.example.org", False),
        ("http://127.0.0.1@example.org", False),
        ("https://user:word@login.example.org", False),
        ("https://login.example.org/#part", False),
        ("https://login.example.org/a b", False),
        ("https://login.example.org\n", False),
        ("https://", False),
        ("https://[half", False),
        ("https://host:port", False),
        ("file:///etc/passwd", False),
        ("ftp://login.example.org", False),
        ("", False),
        (None, False),
        (7, False),
    ],
)
def test_only_tls_is_safe_but_on_this_machine(url: object, safe: bool) -> None:
    assert sign_in.is_safe_url(url) is safe


def test_the_origin_of_an_issuer_is_what_a_policy_can_name() -> None:
    assert sign_in.origin("https://login.example.org/realms/a?b=c") == "https://login.example.org"
    assert sign_in.origin("http://127.0.0.1:8000/x") == "http://127.0.0.1:8000"
    assert sign_in.origin("http://login.example.org") == ""
    assert sign_in.origin("https://a.example; script-src *") == ""


SUBJECTS = [
    *("ada", "Ada", "ADA", "ada ", "ada-", "-ada", "a.da", "a_da", "root", "deployer", "nobody", "ada@example.org"),
    *("ada%40example.org", "auth0|5f7", "auth0-5f7", "00u1", "é", "e\u0301", "\ud800", "." * 70, "." * 71, "a" * 400),
    *("a" * 31 + "b", "a" * 31 + "c", " ", "\0", "oidc_ada", "{}", "ada\0sub"),
]


def test_every_subject_has_an_id_of_its_own_whatever_its_case() -> None:
    made = [sign_in.user_id(ISSUER, "sub", one) for one in SUBJECTS]
    assert all(one is not None and ids.is_given_id(one) and one.startswith(ids.ISSUED) for one in made), made
    assert len({str(one).lower() for one in made}) == len(SUBJECTS)
    assert made == [sign_in.user_id(ISSUER, "sub", one) for one in SUBJECTS], "the same each time"
    assert str(sign_in.user_id(ISSUER, "sub", "ada@example.org")).startswith("oidc_ada-example.org_")


def test_the_same_name_at_another_issuer_or_in_another_claim_is_another_user() -> None:
    told = [(ISSUER, "sub"), (ISSUER + "/", "sub"), (ISSUER, "email"), ("https://evil.example", "sub")]
    assert len({sign_in.user_id(issuer, name, "ada") for issuer, name in told}) == len(told)


@pytest.mark.parametrize("value", [None, "", 7, True, ["ada"], {"sub": "ada"}])
def test_what_is_no_text_identifies_nobody(value: Any) -> None:
    assert sign_in.user_id(ISSUER, "sub", value) is None


CLAIMS = {"roles": ["a"], "realm_access": {"roles": ["b"]}, "https://warmup.example/roles": ["c"], "x.y": "d"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("roles", ["a"]),
        ("realm_access.roles", ["b"]),  # as Keycloak nests it
        ("https://warmup.example/roles", ["c"]),  # as Auth0 names it: the dots are its own
        ("x.y", "d"),
        ("realm_access.roles.none", None),
        ("none", None),
        ("none.roles", None),
        ("", None),
    ],
)
def test_a_claim_is_found_by_its_name_or_by_its_path(name: str, value: object) -> None:
    assert sign_in.claim(CLAIMS, name) == value


GROUPS = sign_in.renamed("warmup admins=admin, ops = operator,looking=viewer,strange=emperor,")


@pytest.mark.parametrize(
    ("value", "roles", "role"),
    [
        ("viewer", {}, Role.VIEWER),
        (["viewer"], {}, Role.VIEWER),
        ("openid viewer operator", {}, Role.OPERATOR),  # as a scope lists them
        (["viewer", "admin", "approver"], {}, Role.ADMIN),
        (["approver", "viewer"], {}, Role.APPROVER),
        (["Viewer"], {}, None),
        (["ops"], {}, None),
        ([], {}, None),
        (None, {}, None),
        (True, {}, None),
        ({"admin": True}, {}, None),
        ([["admin"], 7, None], {}, None),
        (["ops"], GROUPS, Role.OPERATOR),
        (["looking", "warmup admins"], GROUPS, Role.ADMIN),
        (["admin"], GROUPS, None),  # where groups are renamed, a group called admin is any group
        (["strange"], GROUPS, None),
    ],
)
def test_a_role_is_named_by_a_claim_or_there_is_none(value: object, roles: dict[str, str], role: Role | None) -> None:
    assert sign_in.role_of(value, roles) is role


@pytest.mark.parametrize(
    ("value", "role", "models"),
    [
        (["m1", "m2"], Role.OPERATOR, {"m1", "m2"}),
        ("m1 m2", Role.VIEWER, {"m1", "m2"}),
        (["*"], Role.VIEWER, None),
        (["m1", "*"], Role.VIEWER, None),
        (None, Role.VIEWER, set()),  # not told is not all
        ([], Role.OPERATOR, set()),
        (["no id!", 7], Role.OPERATOR, set()),
        (None, Role.ADMIN, None),  # an admin is bound to none
        (["m1"], Role.ADMIN, None),
    ],
)
def test_models_are_named_by_a_claim_or_there_are_none(value: object, role: Role, models: set[str] | None) -> None:
    assert sign_in.models_of(value, role) == models


@pytest.mark.parametrize(
    ("text", "is_token"),
    [
        ("eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln", True),
        ("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.", True),
        ("wk_ada_0000", False),
        ("wk_eyJ.a.b_0", False),
        ("root", False),
        ("eyJ.a", False),
        ("eyJ.a.b.c", False),
        ("", False),
    ],
)
def test_a_token_is_told_from_a_key_by_its_looks(text: str, is_token: bool) -> None:
    assert keys.is_token(text) is is_token
