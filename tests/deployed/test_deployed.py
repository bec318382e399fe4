"""The package, deployed: CloudFormation, API Gateway, Lambda with its roles, EventBridge, S3, logs; and taken down.

Twice: on MiniStack's own DynamoDB with every role enforced (least privilege), and with AWS's own engine behind the
same functions (semantics). Each test is one life of a stack, since nothing of it can be had without the rest.
"""

import dataclasses
import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import boto3
import httpx
import pytest

from infrastructure.deploy import DeploymentFailed
from tests.deployed.cloud import (
    CREDENTIALS,
    PREFIX,
    STAGE,
    Cloud,
    built_once,
    create_tables,
    dynamodb_local,
    lead_here,
    ministack,
    until,
)
from tests.json_client import JsonClient
from warmup.client import Client
from warmup.problems import AuthError
from warmup.sandbox import seed
from warmup.sandbox.agency import Agency, agency
from warmup.sandbox.bots import Bot
from warmup.sandbox.platform import Platform
from warmup.sandbox.stores import missing

pytestmark = pytest.mark.engine

OPERATOR = "/api/operator"


def required(store: str) -> None:
    """Skips where an emulator cannot run, fails in CI."""
    if reason := missing(store):
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


@pytest.fixture
def guarded(shared: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """A cloud that enforces the functions' roles."""
    required("ministack")
    made = built_once(shared)
    with ministack(AUTH="true") as url:
        environ = CREDENTIALS | {"AWS_ENDPOINT_URL": url}
        lead_here(monkeypatch, environ)
        yield Cloud(url, url, made, os.environ | environ)


@pytest.fixture
def exact(shared: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """A cloud with AWS's own DynamoDB engine behind the functions."""
    required("ministack")
    required("dynamodb-local")
    made = built_once(shared)
    with dynamodb_local() as tables, ministack(AWS_ENDPOINT_URL_DYNAMODB=tables) as url:
        environ = CREDENTIALS | {"AWS_ENDPOINT_URL": url, "AWS_ENDPOINT_URL_DYNAMODB": tables}
        lead_here(monkeypatch, environ)
        create_tables(tables, made)
        yield Cloud(url, tables, made, os.environ | environ)


def small(whole: Agency) -> Agency:
    """Of the sandbox's agency what three accounts need: an item of each category for each creator."""
    first = {(item.model_id, item.category): item for item in reversed(whole.media) if not item.damaged}
    words = {(text.model_id, text.category): text for text in reversed(whole.texts)}
    return dataclasses.replace(whole, media=tuple(first.values()), texts=tuple(words.values()), always_failing="")


# what is looked at


def plain_http_is_let_in(bucket: str) -> None:
    """The emulator has no TLS, without which the bucket's policy lets nobody in: it does without that policy."""
    boto3.client("s3").delete_bucket_policy(Bucket=bucket)


def an_operator_is_made_once(cloud: Cloud) -> str:
    """By the command; the key. Made again, it is refused."""
    arguments = ("infrastructure.operator_key", "--stage", STAGE, "--name", "ada")
    made, again = cloud.command(*arguments), cloud.command(*arguments)
    assert made.returncode == 0, made.stderr
    assert again.returncode != 0 and "is there already" in again.stderr
    key = made.stdout.strip()
    assert key.startswith("wk_ada_")
    assert key not in json.dumps(cloud.scan("bots")), "the table holds the HMAC only"
    return key


def strangers_are_refused(cloud: Cloud, operator: str, bot: str) -> None:
    """401, 403 and 404 as problem documents, whose links lead back into the same stage."""
    asked = {
        (401, "unauthenticated"): cloud.get("/api/bot/accounts/ready"),
        (403, "forbidden"): cloud.get(f"{OPERATOR}/accounts", bot),
        (404, "account_not_found"): cloud.get(f"{OPERATOR}/accounts/nobody", operator),
    }
    for (status, code), answer in asked.items():
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (status, code), answer.text
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert problem["type"] == f"/v1/docs/errors/{code}", "behind a stage's URL a link begins with the stage"
        assert cloud.get(problem["type"].removeprefix("/v1")).status_code == 200, "and leads to a page"


def pages_are_served(cloud: Cloud) -> None:
    """What is no Python is in the package too."""
    console = cloud.get("/console")
    assert console.status_code == 200 and "text/html" in console.headers["Content-Type"]


def turn_back_time(cloud: Cloud, accounts: Sequence[str]) -> None:
    """Lets the intervals of these accounts be over: nobody waits here for a week."""
    tables, clock = cloud.tables(), datetime.now(UTC).replace(microsecond=0)
    now = clock.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    for account in accounts:
        key = {"account_id": {"S": account}}
        row = tables.get_item(TableName=PREFIX + "accounts", Key=key, ConsistentRead=True)["Item"]
        waits = row.get("queue", {}).get("S", "").startswith("timer") and "lease_ended_by" in row
        if not waits or row["due_at"]["S"] <= now or "current_phase" not in row:
            continue
        opens = {"N": str(int(clock.timestamp() * 1000))}
        tables.update_item(
            TableName=PREFIX + "accounts",
            Key=key,
            UpdateExpression="SET due_at = :now, phase_record.available_at = :opens",
            ConditionExpression="version = :version",
            ExpressionAttributeValues={":now": {"S": now}, ":opens": opens, ":version": row["version"]},
        )


def a_bot_takes_every_account_to_active(cloud: Cloud, operator: JsonClient, bot_key: str) -> list[str]:
    """The bot of the sandbox, from the first request to the last; the accounts."""
    accounts = [one["account_id"] for one in operator.get(f"{OPERATOR}/accounts")["items"]]
    assert len(accounts) == 3
    bot = Bot("bot-1", bot_key, cloud.api, platform=Platform(0, ""), seed=0, crashes=False)
    bot.start()

    def all_active() -> bool:
        turn_back_time(cloud, accounts)
        bot.wake()
        states = {one["state"] for one in operator.get(f"{OPERATOR}/accounts")["items"]}
        return states == {"active"}

    until("every account is active", all_active)
    bot.stop()
    bot.join(20)
    for account in accounts:
        assert operator.get(f"{OPERATOR}/accounts/{account}/verify")["ok"], "the audit replays to the state"
    return accounts


_SCHEDULED = {
    "version": "0",
    "id": "1",
    "account": "000000000000",
    "region": "us-east-1",
    "time": "2026-01-01T00:00:00Z",
    "source": "aws.events",
    "detail-type": "Scheduled Event",
    "detail": {},
    "resources": [],
}
"""What EventBridge hands a function that it calls."""


def its_timers_are_called() -> None:
    """At once: that they are called by themselves is seen in the other life, and takes a minute."""
    functions = boto3.client("lambda")
    names = {one["Handler"]: one["FunctionName"] for one in functions.list_functions()["Functions"]}
    for handler in ("app.open_due_phases", "app.close_lost_sessions"):
        answer = functions.invoke(FunctionName=names[handler], Payload=json.dumps(_SCHEDULED))
        assert "FunctionError" not in answer, answer["Payload"].read()


def its_timers_have_run(operator: JsonClient, since: str) -> None:
    """Their runs are recorded, with what they did. EventBridge fires them every minute, where nobody here has."""

    def ran() -> bool:
        timers = {one["name"]: one for one in operator.get(f"{OPERATOR}/pipeline")["timers"]}
        return all(
            name in timers and timers[name]["ran_at"] > since for name in ("open_due_phases", "close_lost_sessions")
        )

    until("both timers of every minute have run since the deployment", ran, pause=1)


def a_request_is_found_in_the_log(cloud: Cloud, key: str) -> None:
    answer = cloud.get(f"{OPERATOR}/models", key, **{"X-Request-Id": "req_of_the_deployed_test"})
    assert answer.headers["X-Request-Id"] == "req_of_the_deployed_test"
    (line,) = until("the request's line", lambda: cloud.log("api", "req_of_the_deployed_test"), 15)
    told = json.loads(line[line.index("{") :])
    assert (told["action"], told["status"], told["actor_id"]) == ("models.list_all", 200, "ada")


def what_would_lose_data_is_not_deployed(cloud: Cloud) -> None:
    """Other names for the tables would replace them all; nothing is changed."""
    with pytest.raises(DeploymentFailed, match=r"replace or remove what holds data: .*AccountsTable"):
        cloud.up(TablePrefix="elsewhere-")
    with pytest.raises(DeploymentFailed, match="there is no parameter Typo; there are AlarmEmail"):
        cloud.up(Typo="1")


def the_pepper_rotates(cloud: Cloud, operator: JsonClient, account: str) -> None:
    """Keys under the old pepper are taken until they are rotated, and then no more."""
    secrets = boto3.client("secretsmanager")
    name = cloud.outputs["PepperSecret"]
    held = json.loads(secrets.get_secret_value(SecretId=name)["SecretString"])
    secrets.put_secret_value(SecretId=name, SecretString=json.dumps({**held, "edition-2": "p" * 64}))
    cloud.up(PepperEdition="2")
    made = operator.post(f"{OPERATOR}/users/ada/keys")["key"]
    cloud.up(PreviousPepperEdition="2")
    assert cloud.get(f"{OPERATOR}/accounts/{account}", made).status_code == 200
    with pytest.raises(AuthError, match="unauthenticated"):
        operator.get(f"{OPERATOR}/accounts/{account}")


@contextmanager
def watched(cloud: Cloud) -> Iterator[None]:
    """No function may be refused a right, or fail otherwise, unseen; what goes wrong is told with what they logged."""
    groups = ("api", "open_due_phases", "close_lost_sessions")
    try:
        yield
    except Exception as error:
        for group in groups:
            for line in {denial for told in cloud.log(group, "AccessDenied") for denial in _DENIAL.findall(told)}:
                error.add_note(f"{group}: {line}")
        raise
    for group in groups:
        for trouble in ("AccessDenied", '"level":"ERROR"', "Traceback"):
            assert cloud.log(group, trouble) == []


_DENIAL = re.compile(r"not authorized to perform[^\"\\]*")


Act = Callable[[Cloud, JsonClient, str], None]


def a_life(cloud: Cloud, amid: Act, at_the_end: Act | None = None) -> None:
    """From the first deployment to the last request before the stack goes; acts are done with an active account."""
    began = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    with watched(cloud):
        _live(cloud, began, amid, at_the_end)


def _live(cloud: Cloud, began: str, amid: Act, at_the_end: Act | None) -> None:
    outputs, said = cloud.make()
    assert "GET /api/health: 200" in said and "GET /api/ready: 200" in said
    key = an_operator_is_made_once(cloud)
    with JsonClient(cloud.api, key) as operator, Client(cloud.api, key) as client:
        plain_http_is_let_in(outputs["MediaBucketName"])
        seed.seed(client, _NoBucket(), small(agency(7, 1)), began, lambda _: None)
        bot_key = seed.make_bots(client, 1)["bot-1"]
        strangers_are_refused(cloud, key, bot_key)
        pages_are_served(cloud)
        accounts = a_bot_takes_every_account_to_active(cloud, operator, bot_key)
        a_request_is_found_in_the_log(cloud, key)
        amid(cloud, operator, accounts[0])
        its_timers_have_run(operator, began)
        before = {account: operator.get(f"{OPERATOR}/accounts/{account}") for account in accounts}
        what_would_lose_data_is_not_deployed(cloud)
        assert cloud.up(SessionDays="30")["PepperSecret"] == outputs["PepperSecret"]
        after = {account: operator.get(f"{OPERATOR}/accounts/{account}") for account in accounts}
        assert after == before, "an update of the stack loses nothing, and keys are still known"
        if at_the_end is not None:
            at_the_end(cloud, operator, accounts[0])


def an_account_is_brought_back(cloud: Cloud, operator: JsonClient, account: str) -> None:
    """The drill: a backup, damage, the restored tables, the command, and the audit that says whether all is well."""
    tables, hurt = cloud.tables(), ("accounts", "profiles", "warmup_phases", "content_assignments", "audit_events")
    before = operator.get(f"{OPERATOR}/accounts/{account}")
    for name in hurt:
        backup = tables.create_backup(TableName=PREFIX + name, BackupName=name)["BackupDetails"]["BackupArn"]
        tables.restore_table_from_backup(TargetTableName=f"restored-{name}", BackupArn=backup)
    operator.post(f"{OPERATOR}/accounts/{account}/retire", {"reason": "by mistake"})
    tables.update_item(
        TableName=PREFIX + "warmup_phases",
        Key={"account_id": {"S": account}, "phase": {"S": "bio"}},
        UpdateExpression="SET #status = :wrong",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":wrong": {"S": "failed"}},
    )
    assert not operator.get(f"{OPERATOR}/accounts/{account}/verify")["ok"]
    done = cloud.command("infrastructure.restore", "--stage", STAGE, "--source", "restored-", "--only", account)
    assert done.returncode == 0, done.stderr
    assert operator.get(f"{OPERATOR}/accounts/{account}/verify")["ok"]
    assert operator.get(f"{OPERATOR}/accounts/{account}") == before
    for name in hurt:
        tables.delete_table(TableName=f"restored-{name}")


class _NoBucket:
    """Nothing is put into the bucket past the service."""

    def put(self, key: str, data: bytes, media_type: str) -> None:
        raise AssertionError(key)


def test_every_function_gets_along_with_the_rights_of_its_policy(guarded: Cloud) -> None:
    a_life(guarded, an_account_is_brought_back, the_pepper_rotates)
    guarded.destroy()
    assert guarded.tables().list_tables()["TableNames"] == [], "in dev the data goes with the stack"
    with pytest.raises(httpx.HTTPStatusError):
        guarded.get("/api/health").raise_for_status()


def test_the_deployed_functions_keep_their_promises_on_aws_own_engine(exact: Cloud) -> None:
    a_life(exact, lambda *_: its_timers_are_called())
    exact.destroy()
