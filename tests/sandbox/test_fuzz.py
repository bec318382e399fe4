"""Schemathesis asks every operation of the sandbox whatever its document admits and does not admit: no finding.

The gate asks every operation its document's examples and what a fixed seed brings. `make fuzz` goes on for minutes:
every boundary of every parameter (most of the time), and many more examples, others each time (it prints their seed).
"""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from infrastructure import examples
from tests.sandbox.test_run import KEY, need, sandbox

pytestmark = pytest.mark.engine

EXAMPLES = int(os.environ.get("WARMUP_FUZZ_EXAMPLES", "0"))
AT_LENGTH = EXAMPLES > 0
SECONDS = 120 + 60 * EXAMPLES
SENSELESS: Mapping[str, str] = {
    # what a document cannot say of a request, and with which status the service says it
    r"\.(list_all|export|verify_all|ready|history|group_all)$|^claims\.": "400",  # a cursor that is none of ours
    r"^models\.withdraw_consent$": "400",  # the same
    r"\.import_all$": "400",  # rows that are none
    r"^(phases\.|tasks\.|leases\.release|accounts\.(start|complete)_warmup)": "400",  # a lease token that is none
    r"^(accounts|content|texts|models)\.(create|edit|upload)$": "422",  # themes of others, files that do not lie there
    r"^accounts\.move_all$": "422",  # both ids and a filter
    r"^(users|bots)\.(create|edit|rotate_key)$": "422",  # a key that has expired, an admin who is bound
    r"^review\.assign$": "422",  # an item of another kind than the phase needs
}
CONFIG = """
hooks = "tests.sandbox.fuzz_hooks"
workers = 1
continue-on-failure = true
[generation]
deterministic = {deterministic}
max-examples = {examples}
[phases.coverage]
enabled = {coverage}
unexpected-methods = ["TRACE"]
[phases.stateful]
enabled = false
[warnings]
enabled = false
[cache]
enabled = false
[headers]
Authorization = "Bearer {operator}"
[checks.positive_data_acceptance]
expected-statuses = {statuses}
[[operations]]
include-path-regex = "^/api/bot/"
headers = {{ Authorization = "Bearer {bot}" }}
parameters = {{ "Bot-Session" = "{session}", "path.session_id" = "{session}" }}
"""
IMPORTS = """
[[operations]]
include-operation-id-regex = '\\.import_all$'
checks.negative_data_rejection.enabled = false  # it takes any body for text, ours for rows
"""
OPERATION = """
[[operations]]
include-operation-id-regex = '{operations}'
checks.positive_data_acceptance.expected-statuses = {statuses}
"""
STATUSES = ["200", "201", "304", "401", "403", "404", "409", "412"]


def furnish(api: httpx.Client) -> tuple[str, str]:
    """Makes what the document's examples speak of; answers a bot's key and its session."""
    known = examples.BY_NAME
    model = f"/api/operator/models/{known['model_id']}"
    consent = {"granted_by": "Nora", "granted_at": "2026-01-01T00:00:00Z", "reference": "contract 7"}
    text = {"category": "bio", "quality_score": 80, "max_usage": 4, "body": "Up before the birds."}
    api.post("/api/operator/models", json={"model_id": known["model_id"], "themes": known["themes"]})
    api.post(f"{model}/texts", json={"text_id": known["text_id"], **text})
    account = {"account_id": known["account_id"], "model_id": known["model_id"], "username": "nora.one"}
    api.post("/api/operator/accounts", json={**account, "consent": consent}).raise_for_status()
    api.post(f"/api/operator/accounts/{known['account_id']}/ready", json={"reason": "for the test"}).raise_for_status()
    key: str = api.post("/api/operator/bots", json={"bot_id": known["bot_id"]}).json()["key"]
    session = api.post("/api/bot/sessions", json={}, headers={"Authorization": f"Bearer {key}"})
    return key, session.json()["session_id"]


def test_schemathesis_finds_nothing(tmp_path: Path) -> None:
    need("ministack")
    with sandbox(tmp_path, "--log-file", str(tmp_path / "log")) as (_, api):
        key, session = furnish(api)
        how = {
            "deterministic": str(not AT_LENGTH).lower(),
            "coverage": str(AT_LENGTH).lower(),
            "examples": EXAMPLES or 1,
        }
        parts = [CONFIG.format(**how, operator=KEY, bot=key, session=session, statuses=STATUSES)]
        parts += [OPERATION.format(operations=one, statuses=[*STATUSES, more]) for one, more in SENSELESS.items()]
        parts.append(IMPORTS)
        config = tmp_path / "schemathesis.toml"
        config.write_text("\n".join(parts), encoding="utf-8")
        url = str(api.base_url).rstrip("/")
        command = [".venv/bin/schemathesis", f"--config-file={config}", "run", f"{url}/openapi.json", f"--url={url}"]
        seen = None if AT_LENGTH else subprocess.PIPE  # who waits for minutes sees how it goes
        found = subprocess.run([*command, "--no-color"], stdout=seen, text=True, check=False, timeout=SECONDS)
    assert found.returncode == 0, (found.stdout or "")[-20_000:]
