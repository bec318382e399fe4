"""The sandbox's issuer: what the console and the service ask of it, and what it refuses."""

import base64
import hashlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest

from chalicelib.issuers import tokens
from chalicelib.issuers.documents import Issuer as Trusted
from warmup.sandbox.issuer import CLIENT, USERS, Issuer, issuing

CONSOLE = "http://127.0.0.1:8000"
VERIFIER = "a verifier for these tests"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
ASKED = {
    "response_type": "code",
    "client_id": CLIENT,
    "redirect_uri": f"{CONSOLE}/console/signed-in",
    "scope": "openid",
    "state": "s",
    "nonce": "n",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
    "user": "ada",
}
GRANT = {
    "grant_type": "authorization_code",
    "client_id": CLIENT,
    "redirect_uri": ASKED["redirect_uri"],
    "code_verifier": VERIFIER,
}


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    """The issuer of a sandbox."""
    with issuing() as made:
        made.console = CONSOLE
        yield made


@pytest.fixture
def http(issuer: Issuer) -> Iterator[httpx.Client]:
    """A browser, as far as an issuer sees one."""
    with httpx.Client(base_url=issuer.url) as client:
        yield client


def code(http: httpx.Client, **asked: str) -> str:
    """The code that a user brings back."""
    answer = http.get("/authorize", params=ASKED | asked)
    assert answer.status_code == 302
    return parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]


def test_the_page_offers_a_user_of_each_role_and_one_without(http: httpx.Client) -> None:
    page = http.get("/authorize", params={**ASKED, "user": ""})
    assert page.status_code == 200
    assert all(f">{user.subject}</a>: {', '.join(user.roles) or 'no role'}" in page.text for user in USERS)


def test_a_code_is_exchanged_once_for_a_token_that_the_service_accepts(http: httpx.Client, issuer: Issuer) -> None:
    given = GRANT | {"code": code(http)}
    answer = http.post("/token", data=given)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, CONSOLE)
    claims = tokens.verified(Trusted(issuer.url), CLIENT, answer.json()["id_token"])
    assert (claims["sub"], claims["roles"], claims["nonce"]) == ("ada", ["admin"], "n")
    assert http.post("/token", data=given).json() == {"error": "invalid_grant"}


@pytest.mark.parametrize("wrong", [{"code_verifier": "another"}, {"client_id": "x"}, {"redirect_uri": "x"}], ids=str)
def test_a_stolen_code_is_worth_nothing(http: httpx.Client, wrong: dict[str, str]) -> None:
    answer = http.post("/token", data=GRANT | {"code": code(http)} | wrong)
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_grant"})


@pytest.mark.parametrize(
    ("wrong", "goes_back"),
    [
        ({"client_id": "x"}, False),
        ({"redirect_uri": "http://evil.example/console/signed-in"}, False),
        ({"redirect_uri": f"{CONSOLE}/elsewhere"}, False),
        ({"response_type": "token"}, True),
        ({"code_challenge_method": "plain"}, True),
        ({"code_challenge": ""}, True),
        ({"nonce": ""}, True),
    ],
    ids=str,
)
def test_what_is_asked_wrongly_gets_no_code(http: httpx.Client, wrong: dict[str, str], goes_back: bool) -> None:
    answer = http.get("/authorize", params=ASKED | wrong)
    assert answer.status_code == (302 if goes_back else 400)
    assert "code=" not in answer.headers.get("location", "")


def test_it_answers_under_no_other_name(http: httpx.Client) -> None:
    assert http.get("/keys", headers={"Host": "evil.example"}).status_code in (403, 421)


def test_it_leads_back_to_the_console_alone(http: httpx.Client) -> None:
    def ended(back: str) -> Any:
        return http.get("/end-session", params={"client_id": CLIENT, "post_logout_redirect_uri": back})

    assert ended(f"{CONSOLE}/console").headers["location"] == f"{CONSOLE}/console"
    assert ended("http://evil.example/console").status_code == 400


def test_it_signs_with_what_it_publishes(issuer: Issuer) -> None:
    (key,) = [one.public() for one in issuer.keys]
    assert not {"d", "p", "q"} & key.keys()
    assert jwt.get_unverified_header(issuer.sign({"sub": "ada"}))["kid"] == key["kid"]
