"""Truths that must agree: the models and the deployed tables, the settings and the environment, code and operations."""

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import boto3
import pytest

from chalicelib import routes, schedules
from chalicelib.context import ActorKind
from chalicelib.edge.routing import ENDPOINTS
from chalicelib.routes import pages
from chalicelib.settings import Settings
from chalicelib.tables import NAMES
from infrastructure import deploy, gateway, operator_key, restore, tables, upgrade, watch
from infrastructure.resources import FUNCTIONS, STAGES
from infrastructure.template import merge_file

ROOT = Path(__file__).parents[2]
Command = Callable[[Sequence[str] | None], None]
WRITTEN = ROOT / "infrastructure" / "tables.json"


def test_what_is_written_down_is_what_the_models_say() -> None:
    """When it fails: python -m infrastructure.tables > infrastructure/tables.json."""
    assert json.loads(WRITTEN.read_text()) == tables.resources("prod")


@pytest.mark.parametrize(("stage", "kept"), [("prod", True), ("dev", False)])
def test_every_table_is_encrypted_and_recoverable_and_in_prod_kept(stage: str, kept: bool) -> None:
    for name, resource in tables.resources(stage).items():
        properties = resource["Properties"]
        assert properties["BillingMode"] == "PAY_PER_REQUEST", name
        assert properties["SSESpecification"]["SSEEnabled"], name
        assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], name
        assert properties["DeletionProtectionEnabled"] is kept, name
        assert (resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain") is kept, name


@pytest.mark.parametrize("stage", STAGES)
def test_functions_are_told_nothing_that_the_settings_do_not_know(stage: str) -> None:
    told = merge_file(stage, "arm64")["Globals"]["Function"]["Environment"]["Variables"]
    known = {f"WARMUP_{name.upper()}" for name in Settings().as_dict()}
    assert set(told) <= known
    assert {"WARMUP_TABLE_PREFIX", "WARMUP_MEDIA_BUCKET", "WARMUP_PEPPER", "WARMUP_METRICS_NAMESPACE"} <= set(told)
    assert "WARMUP_OPERATOR_KEY_DIGEST" not in told, "deployed, every operator stands in the table"


def test_functions_outlive_the_deadlines_that_the_code_sets_itself() -> None:
    assert routes.BLUEPRINTS
    longest = max(endpoint.seconds or Settings().deadline_seconds for endpoint in ENDPOINTS)
    for name, function in FUNCTIONS.items():
        deadline = longest if name in ("APIHandler", "BulkHandler") else schedules.SECONDS
        assert deadline + 4 <= function.timeout <= 60, name
    assert FUNCTIONS["APIHandler"].timeout < 29, "after that the gateway answers in the function's place"


def test_every_route_that_does_much_or_needs_no_key_has_limits_of_its_own() -> None:
    assert routes.BLUEPRINTS
    known = {f"{one.method} {one.path}": one for one in ENDPOINTS}
    assert set(gateway.BULK) <= set(known), "a route that is gone is not named"
    much = {name for name, one in known.items() if one.raw or (one.seconds or 0) > Settings().deadline_seconds}
    assert much <= set(gateway.BULK), "what has more time than others, or takes rows, runs on the function for bulk"
    unlocked = {name for name, one in known.items() if one.kind is None} | {f"GET {path}" for path in pages.PATHS}
    assert unlocked == set(gateway.OPEN)
    assert not [name for name in gateway.BULK if known[name].kind is ActorKind.BOT], "no bot waits behind an import"


@pytest.mark.parametrize("stage", STAGES)
def test_the_gateway_limits_bots_routes_apart_from_open_and_bulk_ones(stage: str) -> None:
    found = merge_file(stage, "arm64")["Resources"]["RestAPI"]["Properties"]["MethodSettings"]
    rates = {(one["HttpMethod"], one["ResourcePath"]): one["ThrottlingRateLimit"] for one in found}
    assert len(rates) == len(found) == 1 + len(gateway.OPEN) + len(gateway.BULK)
    everything = rates["*", "/*"]
    assert rates["GET", "/~1api~1health"] < everything
    assert rates["POST", "/~1api~1operator~1models~1{model_id}~1content~1import"] < rates["GET", "/~1console~1{name}"]


@pytest.mark.parametrize("stage", STAGES)
def test_what_the_gateway_itself_refuses_is_a_problem_document(stage: str) -> None:
    refusals = merge_file(stage, "arm64")["Resources"]["RestAPI"]["Properties"]["GatewayResponses"]
    assert {"MISSING_AUTHENTICATION_TOKEN", "THROTTLED", "DEFAULT_4XX", "DEFAULT_5XX"} <= set(refusals)
    for name, refusal in refusals.items():
        problem = json.loads(refusal["ResponseTemplates"]["application/json"])
        members = {"type", "title", "status", "detail", "code", "request_id", "retryable"}
        assert members <= set(problem) <= members | {"retry_after_seconds"}, name
        assert refusal["StatusCode"] == str(problem["status"]), name
        headers = refusal["ResponseParameters"]["Headers"]
        assert headers["Content-Type"] == "'application/problem+json'", name
        assert ("Retry-After" in headers) is problem["retryable"], name
        assert problem["type"] == f"/v1/docs/errors/{problem['code']}", name


def test_every_alarm_says_what_to_do_where_it_says_so() -> None:
    operations = (ROOT / "docs" / "operations.md").read_text()
    alarms = [name for name, one in watch.resources("prod").items() if one["Type"] == "AWS::CloudWatch::Alarm"]
    assert len(alarms) > 10
    missing = [name for name in alarms if f"`{name.replace('Of' + name.partition('Of')[2], 'Of…')}`" not in operations]
    assert not missing, f"docs/operations.md says nothing on {missing}"


def test_every_table_says_how_long_its_items_are_kept() -> None:
    operations = (ROOT / "docs" / "operations.md").read_text()
    for model, name in NAMES.items():
        assert f"| `{name}` |" in operations, f"docs/operations.md does not say how long {name} are kept"
        expires = "kept_until" in model.get_attributes()
        assert ("TimeToLiveSpecification" in tables.resources("prod")[tables.logical_id(name)]["Properties"]) is expires


@pytest.mark.parametrize("stage", STAGES)
def test_the_bucket_admits_the_console_wherever_the_deployment_puts_it(stage: str) -> None:
    """The API's address is known only afterwards, and is no secret: the signature of a form or URL is the guard."""
    (rule,) = merge_file(stage, "arm64")["Resources"]["MediaBucket"]["Properties"]["CorsConfiguration"]["CorsRules"]
    assert rule["AllowedOrigins"] == rule["AllowedHeaders"] == ["*"]  # its progress makes the upload a preflighted one
    assert set(rule["AllowedMethods"]) == {"GET", "POST"}


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({}, "export AWS_DEFAULT_REGION="),
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, "aws sts get-caller-identity"),
    ],
    ids=["no region", "no credentials"],
)
@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        (deploy.main, ["down", "--stage", "dev"]),
        (operator_key.main, ["--stage", "dev"]),
        (restore.main, ["--stage", "dev", "--source", "restored-"]),
        (upgrade.main, ["--stage", "dev"]),
    ],
    ids=["destroy", "operator-key", "restore", "upgrade"],
)
def test_who_has_no_access_to_aws_is_told_what_to_do(
    monkeypatch: pytest.MonkeyPatch, command: Command, arguments: list[str], environ: dict[str, str], told: str
) -> None:
    nothing = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in {**nothing, "AWS_EC2_METADATA_DISABLED": "true", **environ}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    with pytest.raises(SystemExit, match=told):
        command(arguments)
