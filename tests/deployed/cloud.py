"""A cloud on this machine: MiniStack with all its services, the package deployed to it, and what tests ask of it."""

import contextlib
import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import boto3
import httpx
import pytest

from infrastructure import deploy
from infrastructure.package import Package, package, this_machine
from warmup.sandbox.children import child_process, free_port, in_private_folder
from warmup.sandbox.stores import ROOT

STAGE = "dev"
PREFIX = f"warmup-{STAGE}-"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
PATIENCE = 0.2
_LONGEST_WAIT = 90.0
_MINISTACK = ROOT / ".tools" / "ministack" / "bin" / "python"

T = TypeVar("T")


def built_once(folder: Path, stage: str = STAGE) -> Package:
    """The package for this machine: whichever worker comes first makes it, the other waits for it."""
    made = Package(folder / f"package-{stage}")
    with (folder / f"{stage}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.template.exists():
            package(stage, this_machine(), made.folder)
    return made


@contextmanager
def ministack(**more: str) -> Iterator[str]:
    """All services, with the packaged functions run as child processes; the URL."""
    port = free_port()
    with in_private_folder("warmup-cloud-") as folder:
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AWS_", "WARMUP_", "LOG_", "POWERTOOLS_"))
        }
        environ = inherited | {
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LAMBDA_EXECUTOR": "local",
            "TMPDIR": str(folder),
            "STATE_DIR": str(folder / "state"),
            "S3_DATA_DIR": str(folder / "s3"),
            **more,
        }
        with child_process([str(_MINISTACK), "-m", "ministack"], folder, environ, port):
            yield f"http://127.0.0.1:{port}"


@dataclass(slots=True)
class Cloud:
    """What is deployed where. `tables_url` is where its DynamoDB listens."""

    url: str
    tables_url: str
    made: Package
    environ: Mapping[str, str]
    api: str = ""
    outputs: deploy.Outputs = field(default_factory=dict)

    def make(self) -> tuple[deploy.Outputs, str]:
        """Deploys by the command of `make deploy`; the outputs that it prints, and what it says."""
        done = self.command("infrastructure.deploy", "up", "--stage", STAGE, "--package", str(self.made.folder))
        assert done.returncode == 0, done.stderr
        self.outputs = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
        self.api = deploy.url_of(self.outputs)
        return self.outputs, done.stderr

    def up(self, **parameters: str) -> deploy.Outputs:
        """Deploys again, by the same steps."""
        self.outputs = deploy.deploy(STAGE, self.made, parameters=parameters, patience=PATIENCE)
        self.api = deploy.url_of(self.outputs)
        return self.outputs

    def destroy(self) -> None:
        """Takes it away, by the command of `make destroy`."""
        done = self.command("infrastructure.deploy", "down", "--stage", STAGE)
        assert done.returncode == 0, done.stderr

    def command(self, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One of the commands behind `make`, with this cloud as its AWS."""
        command = [sys.executable, "-m", module, *arguments]
        return subprocess.run(command, env=dict(self.environ), cwd=ROOT, capture_output=True, text=True, check=False)

    def get(self, path: str, key: str | None = None, method: str = "GET", **headers: str) -> httpx.Response:
        """One request, as any HTTP client makes it."""
        given = headers if key is None else headers | {"Authorization": f"Bearer {key}"}
        return httpx.request(method, self.api + path, headers=given, timeout=30, trust_env=False)

    def tables(self) -> Any:
        """A client of the DynamoDB behind the functions."""
        return boto3.client("dynamodb", endpoint_url=self.tables_url)

    def scan(self, table: str) -> list[dict[str, Any]]:
        """All rows of a table."""
        pages = self.tables().get_paginator("scan").paginate(TableName=PREFIX + table, ConsistentRead=True)
        return [row for page in pages for row in page["Items"]]

    def log(self, group: str, holding: str) -> list[str]:
        """The lines of a function's log that hold a text."""
        logs = boto3.client("logs")
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=f"/warmup/{STAGE}/{group}")
        return [one["message"] for page in pages for one in page["events"] if holding in one["message"]]


def until(what: str, look: Callable[[], T | None], seconds: float = _LONGEST_WAIT, pause: float = 0.3) -> T:
    """What `look` finds, as soon as it finds something. Fails with `what` when it never does."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        found = look()
        if found:
            return found
        time.sleep(pause)
    raise AssertionError(f"not within {seconds:.0f} s: {what}")


def lead_here(monkeypatch: pytest.MonkeyPatch, environ: Mapping[str, str]) -> None:
    """Leads every SDK client of this process to the cloud, and none that was made before."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)


def create_tables(url: str, made: Package) -> None:
    """Creates the template's tables in another DynamoDB, word for word but for what an engine alone does not know."""
    client = boto3.client("dynamodb", endpoint_url=url)
    for resource in json.loads(made.template.read_text())["Resources"].values():
        if resource["Type"] != "AWS::DynamoDB::Table":
            continue
        properties = dict(resource["Properties"])
        properties["TableName"] = properties["TableName"]["Fn::Sub"].replace("${TablePrefix}", PREFIX)
        expiring = properties.pop("TimeToLiveSpecification", None)
        for name in ("PointInTimeRecoverySpecification", "DeletionProtectionEnabled"):
            properties.pop(name)
        properties["SSESpecification"] = {"Enabled": properties["SSESpecification"]["SSEEnabled"]}
        client.create_table(**properties)
        if expiring is not None:
            client.update_time_to_live(TableName=properties["TableName"], TimeToLiveSpecification=expiring)


@contextmanager
def dynamodb_local() -> Iterator[str]:
    """AWS's own engine; its URL."""
    port = free_port()
    home = ROOT / ".tools" / "dynamodb-local"
    command = ["java", f"-Djava.library.path={home / 'DynamoDBLocal_lib'}", "-Xmx512m"]
    command += ["-jar", str(home / "DynamoDBLocal.jar"), "-sharedDb", "-inMemory", "-disableTelemetry"]
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(in_private_folder("warmup-dynamodb-"))
        environ = os.environ | {"TMPDIR": str(folder), "JAVA_TOOL_OPTIONS": f"-Djava.io.tmpdir={folder}"}
        stack.enter_context(child_process([*command, "-port", str(port)], folder, environ, port))
        yield f"http://127.0.0.1:{port}"
