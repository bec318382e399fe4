"""The service itself, in this process: its environment, its tables and bucket, its app behind the gateway."""

import contextlib
import importlib
import logging
import os
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from chalice.app import Chalice
from pynamodb.exceptions import PynamoDBException

from chalicelib import context, logs, tables
from chalicelib.domain import keys
from chalicelib.edge.serve import installed, problem_for_unknown_route
from chalicelib.settings import Settings
from warmup.sandbox.clock import Clock
from warmup.sandbox.gateway import Gateway
from warmup.sandbox.guard import aws_refused
from warmup.sandbox.stores import Store

logger = logging.getLogger(__name__)

_LEASE_SECONDS = 900
_S3 = {"connect_timeout": 2, "read_timeout": 30, "retries": {"total_max_attempts": 3, "mode": "standard"}}
_LEADING_ELSEWHERE = (
    *("AWS_PROFILE", "AWS_SESSION_TOKEN"),
    *("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_S3", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"),
)


class BadSettings(Exception):
    """A variable of the environment is not valid; the message says which one, and what to do."""


@dataclass(frozen=True, slots=True)
class Service:
    """The running service: its app, the gateway before it, and its bucket."""

    app: Chalice
    gateway: Gateway
    bucket: "MediaBucket"


class MediaBucket:
    """The bucket for media files."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._s3 = boto3.Session().client("s3", config=Config(**_S3))

    def make(self) -> None:
        """Make the bucket."""
        self._s3.create_bucket(Bucket=self.name)

    def put(self, key: str, data: bytes, media_type: str) -> None:
        """Store a file."""
        self._s3.put_object(Bucket=self.name, Key=key, Body=data, ContentType=media_type)

    def remove(self) -> None:
        """Remove the bucket with all its files."""
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.name):
            for item in page.get("Contents", []):
                self._s3.delete_object(Bucket=self.name, Key=item["Key"])
        self._s3.delete_bucket(Bucket=self.name)


def new_operator_key() -> str:
    """Return a new key, as the service makes them."""
    return keys.make("operator", secrets.token_bytes(keys.SECRET_BYTES))


@contextmanager
def running(
    store: Store,
    clock: Clock,
    operator_key: str,
    log_file: Path | None,
    more: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Service]:
    """Run the service on that store and in that time, with `more` in its environment.

    In a store that stays, what was made in it is removed again.
    """
    prefix = f"sandbox-{secrets.token_hex(4)}-"
    environ, edge, now = dict(os.environ), installed, context.sources.clock
    settings, kept_logs = edge.settings, edge.logs
    for inherited in _LEADING_ELSEWHERE:
        os.environ.pop(inherited, None)
    os.environ.update(store.environ() | _environment(prefix, clock.speed, operator_key) | dict(more))
    context.sources.clock = clock.now
    with contextlib.ExitStack() as stack:
        stack.callback(_put_back, environ, settings, kept_logs, now)
        stack.enter_context(aws_refused())
        _check_settings()
        app = _import_app(stack, log_file)
        # in a process that has had the app already (a test's) it is bound to another store
        edge.settings = Settings.from_environ(os.environ)
        edge.logs = logs.Logs(edge.settings)
        tables.bind(edge.settings)
        bucket = MediaBucket(f"{prefix}media")
        if not store.embedded:
            tables.Account.exists()  # raises where the store does not answer: then there is nothing to remove
            stack.callback(removed, f"the tables {prefix}…", _remove_tables)
        tables.create_all()
        if not store.embedded:
            stack.callback(removed, f"the bucket {bucket.name}", bucket.remove)
        bucket.make()
        yield Service(app, Gateway(app, problem_for_unknown_route), bucket)


def _put_back(environ: dict[str, str], settings: Settings, kept: logs.Logs, now: Callable[[], datetime]) -> None:
    """Restore the process as it was."""
    os.environ.clear()
    os.environ.update(environ)
    context.sources.clock = now
    installed.settings, installed.logs = settings, kept


def _environment(prefix: str, speed: float, operator_key: str) -> dict[str, str]:
    """Return the variables that a deployment would set. A lease lasts at least six real seconds, however fast time
    runs: the bots work in real time, and a lease of a quarter of an hour would be over in a tenth of a second. Turns
    order bots that ask at the same real moment."""
    pepper = secrets.token_hex(32)
    lease = int(max(_LEASE_SECONDS, 6 * speed))
    return {
        "WARMUP_TABLE_PREFIX": prefix,
        "WARMUP_MEDIA_BUCKET": f"{prefix}media",
        "WARMUP_PEPPER": pepper,
        "WARMUP_OPERATOR_KEY_DIGEST": keys.digest(pepper, operator_key),
        "WARMUP_LEASE_SECONDS": str(lease),
        "WARMUP_HEARTBEAT_SECONDS": str(lease // 3),
        "WARMUP_SESSION_SECONDS": str(2 * lease),
        "WARMUP_TURN_SECONDS": str(Settings().turn_seconds * max(1.0, speed)),
        "WARMUP_LOG_STREAM": "stderr",
        "POWERTOOLS_SERVICE_NAME": "warmup",
    }


def _import_app(stack: contextlib.ExitStack, log_file: Path | None) -> Chalice:
    """Import the composition root, now that its environment is set; its log goes to the file if there is one.

    Standard output is kept for what programs read, so that without a file warnings go to standard error.
    """
    stream = stack.enter_context(log_file.open("a", encoding="utf-8", buffering=1)) if log_file else sys.stderr
    log = logs.make(stream)
    stack.callback(log.setLevel, log.log_level)  # the logger is the process's own, and stays when the service goes
    log.setLevel(logging.INFO if log_file else logging.WARNING)
    app: Any = _composition_root().app
    assert isinstance(app, Chalice)
    return app


def _composition_root() -> ModuleType:
    """Import `app.py`: from a clone, or from `warmup_service` where the service is installed or `app` is another's."""
    beside, found = Path(context.__file__).parents[1] / "app.py", find_spec("app")
    return importlib.import_module("app" if found and found.origin == str(beside) else "warmup_service.app")


def _check_settings() -> None:
    try:
        Settings.from_environ(os.environ)
    except ValueError as error:
        raise BadSettings(f"{error}: set it right, or unset it") from error


def removed(what: str, remove: Callable[[], None]) -> None:
    """Clear up. What goes wrong meanwhile is logged, and hides nothing that went wrong before."""
    try:
        remove()
    except (BotoCoreError, ClientError, PynamoDBException) as error:
        logger.warning("Could not remove %s: %s", what, " ".join(str(error).split()))


def _remove_tables() -> None:
    for model in tables.NAMES:
        if model.exists():
            model.delete_table()
