"""The template as it is packaged: what linters say, and what the emulator would let pass without a word."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from infrastructure import gateway
from tests.deployed.cloud import built_once
from warmup.sandbox.stores import ROOT

LINT = ROOT / ".tools" / "lint" / "bin"
SKIPPED = ROOT / "infrastructure" / "checkov.yaml"
CHECKOV = ("--framework", "cloudformation", "--skip-download", "--compact", "--quiet", "-o", "json")


@pytest.fixture(scope="module")
def prod(shared: Path) -> Path:
    """The template of production."""
    return built_once(shared, "prod").template


def lint(*command: str) -> str:
    """What a linter prints; skipped where it is not installed, failed in CI."""
    if not LINT.exists():
        (pytest.fail if os.environ.get("CI") else pytest.skip)("the linters are not installed: make .tools/lint/.ready")
    done = subprocess.run([str(LINT / command[0]), *command[1:]], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_cfn_lint_finds_nothing(prod: Path) -> None:
    assert lint("cfn-lint", "-t", str(prod)) == ""


def test_checkov_finds_nothing_but_what_is_skipped_for_a_reason(prod: Path, tmp_path: Path) -> None:
    """Without the API's list of paths, of which its checks know nothing and which costs half a minute."""
    template, bare = json.loads(prod.read_text()), tmp_path / "template.json"
    template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]["paths"] = {}
    bare.write_text(json.dumps(template, indent=1))
    found = json.loads(lint("checkov", "-f", str(bare), *CHECKOV, "--config-file", str(SKIPPED)))
    assert found["results"]["failed_checks"] == [] and found["summary"]["passed"] > 50
    skipped = re.findall(r"^ +- (\w+)(.*)$", SKIPPED.read_text(), re.MULTILINE)
    assert skipped and all(len(reason.strip(" #")) > 40 for _, reason in skipped)


def test_a_wrong_method_reaches_the_function_which_knows_the_right_ones(prod: Path) -> None:
    paths = resources(prod)["RestAPI"]["Properties"]["DefinitionBody"]["paths"]
    assert len(paths) > 50
    for path, methods in paths.items():
        integrations = [method["x-amazon-apigateway-integration"] for method in methods.values()]
        assert "x-amazon-apigateway-any-method" in methods, path
        assert all(one == integrations[0] for one in integrations), path


def test_what_does_much_in_one_call_runs_on_a_function_of_its_own(prod: Path) -> None:
    found = resources(prod)
    api, bulk = found["APIHandler"]["Properties"], found["BulkHandler"]["Properties"]
    assert (bulk["CodeUri"], bulk["Handler"], bulk["Runtime"]) == (api["CodeUri"], api["Handler"], api["Runtime"])
    assert bulk["ReservedConcurrentExecutions"] == 10 and api["ReservedConcurrentExecutions"] == 100
    rights = [found[one["Role"]["Fn::GetAtt"][0]]["Properties"]["Policies"] for one in (api, bulk)]
    assert json.dumps(rights[0]).replace("APIHandlerLog", "BulkHandlerLog") == json.dumps(rights[1])
    assert found["BulkHandlerInvokePermission"]["Properties"]["FunctionName"] == {"Ref": "BulkHandler"}
    paths = found["RestAPI"]["Properties"]["DefinitionBody"]["paths"]
    led = {path for path, methods in paths.items() if "${BulkHandler.Arn}" in json.dumps(methods)}
    assert led == {path for _, path in map(str.split, gateway.BULK)}
    assert all(("${APIHandler.Arn}" in json.dumps(methods)) is (path not in led) for path, methods in paths.items())


def test_every_function_has_its_own_role_and_its_own_log(prod: Path) -> None:
    functions = {
        name: one["Properties"] for name, one in resources(prod).items() if one["Type"] == "AWS::Serverless::Function"
    }
    assert len(functions) == 5
    for told in (
        [one["Role"]["Fn::GetAtt"][0] for one in functions.values()],
        [one["LoggingConfig"]["LogGroup"]["Ref"] for one in functions.values()],
    ):
        assert len(set(told)) == len(functions) and all(name in resources(prod) for name in told)


def test_every_schedule_of_the_app_is_an_event_of_its_function(prod: Path) -> None:
    rates = {
        name: [event["Properties"]["Schedule"] for event in one["Properties"].get("Events", {}).values()]
        for name, one in resources(prod).items()
        if one["Type"] == "AWS::Serverless::Function"
    }
    assert rates == {
        "APIHandler": [],
        "BulkHandler": [],
        "OpenDuePhases": ["rate(1 minute)"],
        "CloseLostSessions": ["rate(1 minute)"],
        "WatchPools": ["rate(1 hour)"],
    }


def resources(template: Path) -> dict[str, Any]:
    """The resources of a template."""
    found: dict[str, Any] = json.loads(template.read_text())["Resources"]
    return found
