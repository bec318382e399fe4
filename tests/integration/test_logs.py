"""The log of a whole run: one line a call, and no secret in any of them."""

import io
import json
import re
from typing import Any

import pytest

from tests.agency import OPERATOR_KEY, Agency, Api, Bot
from tests.conftest import SETTINGS
from tests.wire import Fault


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    """The lines so far."""
    return [json.loads(line) for line in log.getvalue().splitlines()]


def run_of_everything(agency: Agency) -> set[str]:
    """All that bots and operators do, well and badly; the secrets that were seen."""
    secrets = {OPERATOR_KEY, SETTINGS.pepper, SETTINGS.operator_key_digest, *agency.keys.values()}
    made = agency.operator.post("/api/operator/bots", {"bot_id": "b9"}).ok(201)
    rotated = agency.operator.post("/api/operator/bots/b9/keys").ok(201)
    secrets |= {made["key"], rotated["key"]}
    agency.operator.delete(f"/api/operator/bots/b9/keys/{made['key_id']}").ok()
    agency.operator.media("spare", "pfp")
    first, second = agency.worker("b1"), agency.worker("b2")
    secrets |= _work(agency, first)
    agency.operator.account("a2")
    claimed = first.claim().ok()["items"][0]["lease"]["lease_token"]
    first.start("a2").ok()
    taken = first.take("pfp", "a2")
    agency.time.advance(900)
    agency.timer(), agency.timer("close_lost_sessions")
    over = second.take("pfp", "a2")
    first.complete("pfp", taken, "a2").refused(409, "lease_superseded")
    second.report("pfp", over, "a2", kind="content", details={"token": "given by the bot itself"}).ok()
    second.heartbeat(note="all is well").ok()
    second.own_session().ok(), second.end().ok()
    secrets |= {claimed, taken, over}
    for key in ("garbage-secret-1234", made["key"], agency.keys["b1"][:-1] + "?"):
        secrets.add(key)
        Api(agency.client, key).get("/api/bot/accounts/ready")
    first.complete("pfp", "lt_1_not-a-token-but-a-secret", "a2")
    secrets.add("lt_1_not-a-token-but-a-secret")
    for fault in (Fault.REFUSED, Fault.ANSWER_LOST, Fault.THROTTLED):
        agency.wire.fail(fault, "TransactWriteItems")
        agency.wire.fail(fault, "BatchGetItem")
        answer = first.content("pfp", "a2")
        if answer.status == 200:
            secrets |= _of_delivery(answer.json)
    agency.wire.heal()
    return secrets


def _work(agency: Agency, worker: Bot) -> set[str]:
    """One account from its start to active; the secrets that were seen."""
    agency.operator.account("a1")
    secrets = {worker.start("a1").ok()["lease"]["lease_token"]}
    for phase in ("pfp", "bio", "post", "highlight", "story"):
        given = worker.content(phase).ok()
        secrets |= _of_delivery(given)
        done = worker.complete(phase, given["lease"]["lease_token"], platform_response={"cookie": "a-cookie"}).ok()
        agency.time.to(done["next"]["available_at"])
    worker.complete_warmup().ok()
    return secrets


def _of_delivery(given: Any) -> set[str]:
    secrets = {given["lease"]["lease_token"]}
    if given["content"]:
        signature = re.search(r"X-Amz-Signature=([0-9a-f]+)", given["content"]["url"])
        assert signature is not None
        secrets |= {signature[1], given["content"]["url"], given["content"]["url"].partition("?")[2]}
    return secrets


def test_no_secret_stands_in_any_line_metric_or_audit_event(
    agency: Agency, log: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    secrets = run_of_everything(agency)
    out, err = capsys.readouterr()
    written = log.getvalue() + out + err + json.dumps(agency.wire.image()["test-audit_events"])
    assert len(lines(log)) > 40
    assert len(secrets) > 20
    assert '"_aws"' in log.getvalue(), "metrics were written too"
    for secret in secrets:
        assert len(secret) > 3
        if secret != OPERATOR_KEY:  # a word of its own kind: `root` is the operator's name as well
            assert secret not in written, f"{secret} is written down"
    for shape in (r"wk_[A-Za-z0-9]", r"lt_\d+_[0-9a-f]{8}", "X-Amz-", r"(?i)bearer ", "a-cookie"):
        assert not re.search(shape, written), shape
    assert SETTINGS.pepper not in written


def test_a_call_is_one_line_with_what_it_did(agency: Agency, log: io.StringIO) -> None:
    agency.operator.account("a1")
    worker = agency.worker()
    log.truncate(0), log.seek(0)
    worker.start("a1", headers={"X-Request-Id": "r-1"}).ok()
    (line,) = lines(log)
    expected = {
        "level": "INFO",
        "service": "warmup",
        "message": "bot b1 called accounts.start_warmup: 200",
        "action": "accounts.start_warmup",
        "client_request_id": "r-1",
        "key_id": next(iter(agency.operator.get("/api/operator/bots/b1").ok()["keys"]))["key_id"],
        "actor_kind": "bot",
        "actor_id": "b1",
        "session_id": worker.session,
        "account_id": "a1",
        "status": 200,
        "method": "POST",
        "route": "/api/bot/accounts/{account_id}/start-warmup",
    }
    assert {name: line[name] for name in expected} == expected
    assert line["events"] == [{"action": "account:start", "subject": "account:a1", "version": 3}]
    assert line["Duration"] > 0


def test_a_refusal_is_a_line_with_its_code(agency: Agency, log: io.StringIO) -> None:
    agency.bot().status("never").refused(404, "account_not_found")
    line = lines(log)[-1]
    assert (line["level"], line["status"], line["code"]) == ("INFO", 404, "account_not_found")


def test_a_timers_run_is_a_line_with_what_it_did(agency: Agency, log: io.StringIO) -> None:
    agency.warmed_to("pfp")
    agency.time.advance(900)
    agency.timer()
    line = lines(log)[-1]
    assert (line["action"], line["did"], line["actor_kind"]) == ("open_due_phases", {"lease:expire": 1}, "timer")


def test_a_calls_line_counts_and_times_it_as_metrics(agency: Agency, log: io.StringIO) -> None:
    agency.bot().ready().ok()
    line = lines(log)[-1]
    assert (line["action"], line["service"], line["Requests"], line["Defects"]) == ("leases.ready", "warmup", 1, 0)
    assert line["Duration"] > 0
    (told,) = line["_aws"]["CloudWatchMetrics"]
    assert told["Dimensions"] == [["action", "service"]]
    assert {one["Name"]: one["Unit"] for one in told["Metrics"]} == {
        "Requests": "Count",
        "Duration": "Milliseconds",
        "Defects": "Count",
    }


def test_words_of_callers_cannot_make_lines_of_their_own(agency: Agency, log: io.StringIO) -> None:
    agency.warmed_to("pfp")
    before = len(lines(log))
    agency.bot().get('/api/bot/accounts/a1%0a{"level":"ERROR"}/warmup-status')
    agency.bot().get("/api/bot/accounts/a1/warmup-status", headers={"X-Request-Id": 'x\n{"level":"ERROR"}'})
    found = lines(log)[before:]
    assert [line["level"] for line in found] == ["INFO", "INFO"]


def test_a_line_says_by_which_key_and_from_where(agency: Agency, log: io.StringIO) -> None:
    agency.bot().ready().ok()
    line = lines(log)[-1]
    key_id = agency.operator.get("/api/operator/bots/b1").ok()["keys"][0]["key_id"]
    assert line["key_id"] == key_id
    assert line["source_ip"]


@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("/api/operator/audit/export", "audit:export"),
        ("/api/operator/models/m1/content?with_url=true", "content:url"),
        ("/api/operator/models/m1/content/m1-pfp?with_url=true", "content:url"),
        ("/api/operator/models/m1/content", None),
        ("/api/operator/audit", None),
    ],
)
def test_reads_that_matter_are_marked_in_the_log(agency: Agency, log: io.StringIO, path: str, what: str | None) -> None:
    assert agency.operator.get(path).status == 200
    assert lines(log)[-1].get("security") == what
