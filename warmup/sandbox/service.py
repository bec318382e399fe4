"""The service itself, in this process: its environment, its tables and bucket, its app behind the gateway."""

import contextlib
import importlib
import os
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
from chalice.app import Chalice

from chalicelib import context, logs, middleware, tables
from chalicelib.domain import keys
from chalicelib.settings import Settings
from warmup.sandbox.clock import Clock
from warmup.sandbox.gateway import Gateway
from warmup.sandbox.stores import Store

_LEASE_SECONDS = 900


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
        self._s3 = boto3.client("s3")

    def make(self) -> None:
        """Makes the bucket."""
        self._s3.create_bucket(Bucket=self.name)

    def put(self, key: str, data: bytes, media_type: str) -> None:
        """Stores a file."""
        self._s3.put_object(Bucket=self.name, Key=key, Body=data, ContentType=media_type)

    def remove(self) -> None:
        """Removes the bucket with all its files."""
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.name):
            for item in page.get("Contents", []):
                self._s3.delete_object(Bucket=self.name, Key=item["Key"])
        self._s3.delete_bucket(Bucket=self.name)


def new_operator_key() -> str:
    """A key as the service makes them."""
    return keys.make("operator", secrets.token_bytes(keys.SECRET_BYTES))


@contextmanager
def running(store: Store, clock: Clock, operator_key: str, log_file: Path | None) -> Iterator[Service]:
    """The service on that store and in that time. In a store that stays, what was made in it is removed again."""
    prefix = f"sandbox-{secrets.token_hex(4)}-"
    environ, edge, now = dict(os.environ), middleware.edge, context.sources.clock
    settings, kept_logs = edge.settings, edge.logs
    os.environ.update(store.environ() | _environment(prefix, clock.speed, operator_key))
    for inherited in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        os.environ.pop(inherited, None)
    context.sources.clock = clock.now
    with contextlib.ExitStack() as stack:
        stack.callback(_put_back, environ, settings, kept_logs, now)
        app = _import_app(stack, log_file)
        # in a process that has had the app already (a test's) it is bound to another store
        edge.settings = Settings.from_environ(os.environ)
        edge.logs = logs.Logs(edge.settings)
        tables.bind(edge.settings)
        bucket = MediaBucket(f"{prefix}media")
        if not store.embedded:
            stack.callback(_remove_tables, prefix)
            stack.callback(bucket.remove)
        tables.create_all()
        bucket.make()
        yield Service(app, Gateway(app, middleware.problem_for_unknown_route), bucket)


def _put_back(environ: dict[str, str], settings: Settings, kept: logs.Logs, now: Callable[[], datetime]) -> None:
    """Leaves the process as it was."""
    os.environ.clear()
    os.environ.update(environ)
    context.sources.clock = now
    middleware.edge.settings, middleware.edge.logs = settings, kept


def _environment(prefix: str, speed: float, operator_key: str) -> dict[str, str]:
    """What a deployment would set. A lease lasts at least six real seconds, however fast time runs: the bots work
    in real time, and a lease of a quarter of an hour would be over in a tenth of a second."""
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
        "WARMUP_LOG_STREAM": "stderr",
        "POWERTOOLS_SERVICE_NAME": "warmup",
    }


def _import_app(stack: contextlib.ExitStack, log_file: Path | None) -> Chalice:
    """The composition root, imported now that its environment stands; its log goes to the file if there is one.

    Standard output is kept for what programs read, so that without a file warnings go to standard error.
    """
    log = stack.enter_context(log_file.open("a", encoding="utf-8", buffering=1)) if log_file else sys.stderr
    os.environ["POWERTOOLS_LOG_LEVEL"] = "INFO" if log_file else "WARNING"
    logs.make(log)
    app: Any = _composition_root().app
    assert isinstance(app, Chalice)
    return app


def _composition_root() -> ModuleType:
    """Import `app.py`: from a clone, or from `warmup_service` where the service is installed or `app` is another's."""
    beside, found = Path(context.__file__).parents[1] / "app.py", find_spec("app")
    return importlib.import_module("app" if found and found.origin == str(beside) else "warmup_service.app")


def _remove_tables(prefix: str) -> None:
    client = boto3.client("dynamodb")
    for page in client.get_paginator("list_tables").paginate():
        for name in page["TableNames"]:
            if name.startswith(prefix):
                client.delete_table(TableName=name)
