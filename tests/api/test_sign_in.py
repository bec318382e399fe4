"""Signing in with a token of an issuer (OpenID Connect): what is accepted in place of a key, and what is not."""

import base64
import hashlib
import hmac
import json
import time as real
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from chalicelib.domain import sign_in
from chalicelib.edge.serve import installed
from chalicelib.issuers import documents
from chalicelib.services import sign_in as signing_in
from chalicelib.settings import Settings
from tests.agency import Agency, Api, Time
from tests.conftest import SETTINGS
from warmup.sandbox import issuer as issuers
from warmup.sandbox.issuer import CLIENT, Issuer, Key

CLAIMS: dict[str, Any] = {"sub": "ada", "roles": ["admin"]}
ROUTE = "/api/operator/models"


@pytest.fixture(scope="module")
def running() -> Iterator[Issuer]:
    """An issuer on this machine."""
    with issuers.issuing() as issuer:
        yield issuer


@pytest.fixture
def issuer(running: Issuer) -> Issuer:
    """The issuer, of which the service knows nothing yet."""
    running.answers = True
    running.asked.clear()
    signing_in.issuer.cache_clear()
    return running


@pytest.fixture
def settings(issuer: Issuer) -> Settings:
    """A deployment that trusts the issuer."""
    return replace(SETTINGS, oidc_issuer=issuer.url, oidc_audience=CLIENT, oidc_models_claim="")


def signed(agency: Agency, token: str) -> Api:
    """A client that sends the token in place of a key."""
    return Api(agency.client, token)


def refused(agency: Agency, token: str) -> None:
    """The token is refused as a wrong key is, whatever is wrong with it."""
    answer = signed(agency, token).get(ROUTE)
    problem = answer.refused(401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert problem["detail"] == "Send a valid key as `Authorization: Bearer <key>`.", "one message for all causes"


def test_a_token_of_the_issuer_is_accepted_in_place_of_a_key(agency: Agency, issuer: Issuer) -> None:
    agency.wire.forget()
    user = signed(agency, issuer.sign(CLAIMS))
    user.get(ROUTE).ok()
    assert issuer.asked == ["/.well-known/openid-configuration", "/keys"]
    user.get(ROUTE).ok()
    assert len(issuer.asked) == 2, "what the issuer publishes is kept"
    user.post(ROUTE, {"model_id": "m7", "name": "Seven"}).ok(201)
    events = agency.operator.get("/api/operator/audit").ok()["items"]
    (actor,) = [event["actor"] for event in events if event["subject"] == "model:m7"]
    assert actor["id"] == sign_in.user_id(issuer.url, "sub", "ada")


def test_keys_go_on_beside_tokens_and_tokens_are_for_users_alone(agency: Agency, issuer: Issuer) -> None:
    agency.operator.get(ROUTE).ok()
    agency.bot("b1").get("/api/bot/accounts/ready").ok()
    assert issuer.asked == []
    signed(agency, issuer.sign(CLAIMS)).get("/api/bot/accounts/ready").refused(403, "forbidden")


def now() -> int:
    """The time by which tokens are good: no sandbox moves it."""
    return int(real.time())


def at_this_time(claims: dict[str, Any], issuer: Issuer) -> dict[str, Any]:
    """The claims with times from now on, and with the issuer's own name."""
    times = {name: now() + value for name, value in claims.items() if name in TIMES and isinstance(value, int)}
    names = {"iss": claims["iss"].format(issuer=issuer.url)} if isinstance(claims.get("iss"), str) else {}
    return {**claims, **times, **names}


TIMES = {"exp", "nbf", "iat"}
WRONG: dict[str, dict[str, Any]] = {
    "another audience": {"aud": "another"},
    "no audience": {"aud": None},
    "an audience that begins like ours": {"aud": CLIENT + "2"},
    "audiences that are not ours": {"aud": ["a", "b"]},
    "another issuer": {"iss": "https://evil.example"},
    "an issuer with a slash more": {"iss": "{issuer}/"},
    "no issuer": {"iss": None},
    "expired": {"exp": -62},
    "no expiry": {"exp": None},
    "an expiry that is no number": {"exp": "tomorrow"},
    "not yet valid": {"nbf": 62},
    "issued tomorrow": {"iat": 86400},
    "no subject": {"sub": None},
    "a subject that is no text": {"sub": 7},
    "an empty subject": {"sub": ""},
}


@pytest.mark.parametrize("claims", WRONG.values(), ids=WRONG)
def test_a_token_that_says_it_is_not_for_us_or_not_for_now_is_refused(
    agency: Agency, issuer: Issuer, claims: dict[str, Any]
) -> None:
    refused(agency, issuer.sign({**CLAIMS, **at_this_time(claims, issuer)}))


@pytest.mark.parametrize("claims", [{"exp": -50}, {"nbf": 50}, {"iat": 50}], ids=str)
def test_clocks_may_differ_by_a_minute(agency: Agency, issuer: Issuer, claims: dict[str, int]) -> None:
    told = {name: now() + value for name, value in claims.items()}
    signed(agency, issuer.sign({**CLAIMS, **told})).get(ROUTE).ok()


def encoded(document: object) -> str:
    """A part of a token."""
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def by_hand(issuer: Issuer, algorithm: str, secret: bytes | None) -> str:
    """A token that no library would make: unsigned, or signed by a secret that is the issuer's public key."""
    key = issuer.keys[-1]
    claims = {**CLAIMS, "iss": issuer.url, "aud": CLIENT, "iat": now(), "exp": now() + 600}
    text = f"{encoded({'alg': algorithm, 'typ': 'JWT', 'kid': key.key_id})}.{encoded(claims)}"
    if secret is None:
        return f"{text}."
    mac = hmac.new(secret, text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def public_pem(issuer: Issuer) -> bytes:
    """The issuer's public key, which everybody has."""
    made = issuer.keys[-1].private.public_key()
    return made.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def tampered(token: str) -> str:
    """The token with another payload under its signature."""
    head, _, signature = token.split(".")
    claims = jwt.decode(token, options={"verify_signature": False})
    return f"{head}.{encoded({**claims, 'sub': 'eve'})}.{signature}"


def _claims(issuer: Issuer) -> dict[str, Any]:
    return {**CLAIMS, "iss": issuer.url, "aud": CLIENT, "iat": now(), "exp": now() + 600}


def _signed_by(key: Key, issuer: Issuer, key_id: str | None, algorithm: str = "RS256") -> str:
    return jwt.encode(_claims(issuer), key.private, algorithm, {"kid": key_id or key.key_id})


def _with_its_key(issuer: Issuer) -> str:
    own = Key(key_id=issuer.keys[-1].key_id)
    header = {"kid": own.key_id, "jwk": own.public(), "jku": "https://evil.example/keys", "x5u": "https://evil.example"}
    return jwt.encode(_claims(issuer), own.private, "RS256", header)


def _by_curve(issuer: Issuer) -> str:
    return jwt.encode(
        _claims(issuer), ec.generate_private_key(ec.SECP256R1()), "ES256", {"kid": issuer.keys[-1].key_id}
    )


FORGED: dict[str, Callable[[Issuer], str]] = {
    "alg none": lambda issuer: by_hand(issuer, "none", None),
    "alg None": lambda issuer: by_hand(issuer, "None", None),
    "HS256 with the public key": lambda issuer: by_hand(issuer, "HS256", public_pem(issuer)),
    "HS256 with the key's id": lambda issuer: by_hand(issuer, "HS256", issuer.keys[-1].key_id.encode()),
    "RS256 with no signature": lambda issuer: by_hand(issuer, "RS256", None),
    "another payload": lambda issuer: tampered(issuer.sign(CLAIMS)),
    "half a signature": lambda issuer: issuer.sign(CLAIMS)[:-40],
    "a key of its own": lambda issuer: _signed_by(Key(), issuer, issuer.keys[-1].key_id),
    "an unknown key": lambda issuer: _signed_by(Key(), issuer, "unknown"),
    "a key that came with it": _with_its_key,
    "another algorithm than the key's": lambda issuer: _signed_by(issuer.keys[-1], issuer, None, "RS512"),
    "another kind of key": _by_curve,
    "another type": lambda issuer: issuer.sign(CLAIMS, typ="logout+jwt"),
    "no header": lambda issuer: "eyJ.e30.e30",
    "a header that is a list": lambda issuer: f"eyJ{encoded([])}.e30.e30",
    "a header too deep": lambda issuer: f"eyJ{'b' * 9000}.e30.e30",
    "far too long": lambda issuer: issuer.sign({**CLAIMS, "more": "x" * 20_000}),
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_a_token_that_the_issuer_did_not_sign_is_refused(
    agency: Agency, issuer: Issuer, forge: Callable[[Issuer], str]
) -> None:
    before = agency.wire.image()
    refused(agency, forge(issuer))
    assert agency.wire.image() == before


REASONS: dict[str, dict[str, Any]] = {
    "InvalidAudienceError": {"aud": "another"},
    "InvalidIssuerError": {"iss": "https://evil.example"},
    "ExpiredSignatureError": {"exp": 0},
    "ImmatureSignatureError": {"nbf": 2**40},
    "MissingRequiredClaimError": {"sub": None},
}


def test_the_log_alone_says_what_is_wrong_with_a_token(
    agency: Agency, issuer: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.clear()
    for claims in REASONS.values():
        refused(agency, issuer.sign({**CLAIMS, **claims}))
    refused(agency, _signed_by(Key(), issuer, "unknown"))
    refused(agency, by_hand(issuer, "HS256", public_pem(issuer)))
    lines = [vars(record) for record in caplog.records]
    assert [line["token_refused"] for line in lines] == [*REASONS, "UnknownKey", "InvalidAlgorithmError"]
    assert "eyJ" not in str(lines)


@pytest.mark.parametrize(("role", "lists", "makes"), [("viewer", 200, 403), ("admin", 200, 201)])
def test_a_role_in_a_token_may_what_the_role_of_a_key_may(
    agency: Agency, issuer: Issuer, role: str, lists: int, makes: int
) -> None:
    user = signed(agency, issuer.sign({**CLAIMS, "roles": [role]}))
    assert user.get(ROUTE).status == lists
    assert user.post(ROUTE, {"model_id": "m7", "name": "Seven"}).status == makes


@pytest.mark.parametrize(
    ("claims", "seen"),
    [
        ({"roles": ["viewer"], "models": ["m1"]}, ["m1"]),
        ({"roles": ["viewer"], "models": "m2 m9"}, ["m2"]),
        ({"roles": ["viewer"], "models": ["*"]}, ["m1", "m2"]),
        ({"roles": ["viewer"], "models": None}, []),  # what is not said is not granted
        ({"roles": ["admin"], "models": ["m1"]}, ["m1", "m2"]),
    ],
    ids=str,
)
def test_a_claim_binds_a_user_to_models(
    agency: Agency,
    issuer: Issuer,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    claims: dict[str, Any],
    seen: list[str],
) -> None:
    agency.operator.model("m2")
    monkeypatch.setattr(installed, "settings", replace(settings, oidc_models_claim="models"))
    user = signed(agency, issuer.sign({**CLAIMS, **claims}))
    assert sorted(one["model_id"] for one in user.get(ROUTE).ok()["items"]) == seen
    assert user.get(f"{ROUTE}/m2").status == (200 if "m2" in seen else 404)


@pytest.mark.parametrize("noun", ["user", "bot"])
def test_nobody_with_a_key_has_the_id_of_somebody_who_signs_in(agency: Agency, issuer: Issuer, noun: str) -> None:
    taken = str(sign_in.user_id(issuer.url, "sub", "ada"))
    for name in (taken, taken.upper(), "Oidc_x"):
        body = {f"{noun}_id": name} | ({"role": "viewer"} if noun == "user" else {})
        problem = agency.operator.post(f"/api/operator/{noun}s", body).refused(422, "invalid_input")
        assert [fault["pointer"] for fault in problem["errors"]] == [f"/{noun}_id"]


def test_who_signs_in_can_ask_who_they_are(agency: Agency, issuer: Issuer) -> None:
    told = signed(agency, issuer.sign({**CLAIMS, "roles": ["viewer"]})).get("/api/operator/me").ok()
    assert (told["user_id"], told["role"]) == (sign_in.user_id(issuer.url, "sub", "ada"), "viewer")


def test_a_new_key_is_found_at_once_and_a_retired_one_is_refused(agency: Agency, issuer: Issuer, time: Time) -> None:
    old = issuer.sign(CLAIMS)
    signed(agency, old).get(ROUTE).ok()
    time.advance(documents.AGAIN_SECONDS)
    issuer.rotate()
    signed(agency, issuer.sign(CLAIMS)).get(ROUTE).ok()
    refused(agency, old)


def test_unknown_keys_make_nobody_ask_the_issuer_all_the_time(agency: Agency, issuer: Issuer, time: Time) -> None:
    signed(agency, issuer.sign(CLAIMS)).get(ROUTE).ok()
    asked, unknown = len(issuer.asked), _signed_by(Key(), issuer, "unknown")
    for _ in range(5):
        refused(agency, unknown)
    assert len(issuer.asked) == asked, "it was asked a moment ago"
    time.advance(documents.AGAIN_SECONDS)
    for _ in range(5):
        refused(agency, unknown)
    assert len(issuer.asked) == asked + 2, "both documents, once"


def test_a_key_that_the_issuer_takes_back_is_refused_before_long(agency: Agency, issuer: Issuer, time: Time) -> None:
    user = signed(agency, issuer.sign(CLAIMS))
    user.get(ROUTE).ok()
    issuer.rotate()
    user.get(ROUTE).ok()
    time.advance(documents.KEPT_SECONDS)
    refused(agency, str(user.key))


def test_an_issuer_that_cannot_be_asked_is_no_reason_to_refuse_a_token(
    agency: Agency, issuer: Issuer, time: Time
) -> None:
    issuer.answers = False
    user = signed(agency, issuer.sign(CLAIMS))
    problem = user.get(ROUTE).refused(503, "temporarily_unavailable")
    assert (problem["retryable"], problem["retry_after_seconds"]) == (True, int(documents.PAUSE_SECONDS))
    asked = len(issuer.asked)
    user.get(ROUTE).refused(503, "temporarily_unavailable")
    assert len(issuer.asked) == asked, "it is left alone for a while"
    issuer.answers = True
    time.advance(documents.PAUSE_SECONDS)
    user.get(ROUTE).ok()
    issuer.answers = False
    time.advance(documents.KEPT_SECONDS)
    user.get(ROUTE).ok()  # by what it published before
    signed(agency, _signed_by(Key(), issuer, "new")).get(ROUTE).refused(503, "temporarily_unavailable")
    time.advance(documents.STALE_SECONDS)
    user.get(ROUTE).refused(503, "temporarily_unavailable")
    agency.operator.get(ROUTE).ok()  # keys need no issuer


def test_a_user_without_a_role_is_told_what_is_missing(agency: Agency, issuer: Issuer) -> None:
    for roles in ([], ["emperor"], None):
        problem = signed(agency, issuer.sign({**CLAIMS, "roles": roles})).get(ROUTE).refused(403, "forbidden")
        assert "the claim `roles` of your token names no role" in problem["detail"]


def test_the_console_is_told_how_to_sign_in_and_may_call_the_issuer(agency: Agency, issuer: Issuer) -> None:
    told = agency.nobody().get("/api/issuer").ok()["oidc"]
    assert told == {
        "issuer": issuer.url,
        "client_id": CLIENT,
        "scope": "openid",
        "token": "id_token",
        "authorization_endpoint": f"{issuer.url}/authorize",
        "token_endpoint": f"{issuer.url}/token",
        "end_session_endpoint": f"{issuer.url}/end-session",
    }
    policy = agency.client.http.request("GET", "/console", headers={"Host": "h"}).headers["Content-Security-Policy"]
    (connect,) = [one for one in policy.split("; ") if one.startswith("connect-src")]
    assert connect.split()[-1] == issuer.url
    assert policy.count(issuer.url) == 1, "it may be called, and nothing else"


def test_a_console_with_a_name_of_its_own_sends_access_tokens(
    agency: Agency, issuer: Issuer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = replace(settings, oidc_client_id="console", oidc_scope="openid warmup", oidc_token_origin="https://t.example")
    monkeypatch.setattr(installed, "settings", own)
    told = agency.nobody().get("/api/issuer").ok()["oidc"]
    assert (told["client_id"], told["scope"], told["token"]) == ("console", "openid warmup", "access_token")
    page = agency.client.http.request("GET", "/console", headers={"Host": "h"})
    assert f" {issuer.url} https://t.example; " in page.headers["Content-Security-Policy"]
    refused(agency, issuer.sign({**CLAIMS, "aud": "console"}))  # an ID token is for the console, and not for us
    signed(agency, issuer.sign(CLAIMS, typ="at+jwt")).get(ROUTE).ok()


LACKING = (replace(SETTINGS, oidc_issuer="https://login.example"), replace(SETTINGS, oidc_audience=CLIENT), SETTINGS)


@pytest.mark.parametrize("lacking", LACKING, ids=["audience", "issuer", "both"])
def test_without_an_issuer_and_an_audience_a_token_is_a_wrong_key(
    agency: Agency, issuer: Issuer, monkeypatch: pytest.MonkeyPatch, lacking: Settings
) -> None:
    monkeypatch.setattr(installed, "settings", lacking)
    assert agency.nobody().get("/api/issuer").ok() == {"oidc": None}
    refused(agency, issuer.sign({**CLAIMS, "aud": CLIENT}))
    assert issuer.asked == []
    page = agency.client.http.request("GET", "/console", headers={"Host": "h"})
    assert "login.example" not in page.headers["Content-Security-Policy"]
