"""Each store starts on ports of its own, holds DynamoDB and S3, and leaves nothing behind."""

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from warmup.sandbox import stores

pytestmark = pytest.mark.engine


def need(name: str) -> None:
    """Skips, or fails in CI, where the store cannot be started."""
    if reason := stores.missing(name):
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


def children() -> set[str]:
    """The processes that this one has started and that still live."""
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(os.getpid())], capture_output=True, text=True, check=False
    )
    return {pid for pid in listed.stdout.split() if Path(f"/proc/{pid}/exe").exists()}


@pytest.mark.parametrize("name", stores.STORES)
def test_a_store_holds_items_and_objects_and_leaves_nothing_behind(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    need(name)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = children()
    with stores.open_store(name) as store:
        for variable, value in store.environ().items():
            monkeypatch.setenv(variable, value)
        items = boto3.Session().client("dynamodb")
        items.create_table(
            TableName="things",
            KeySchema=[{"AttributeName": "name", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "name", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        items.put_item(TableName="things", Item={"name": {"S": "a"}})
        assert items.get_item(TableName="things", Key={"name": {"S": "a"}})["Item"] == {"name": {"S": "a"}}
        objects = boto3.Session().client("s3", config=Config(signature_version="s3v4"))
        objects.create_bucket(Bucket="media")
        objects.put_object(Bucket="media", Key="a/b.png", Body=b"picture", ContentType="image/png")
        url = objects.generate_presigned_url("get_object", Params={"Bucket": "media", "Key": "a/b.png"})
        with urllib.request.urlopen(url) as response:
            assert (response.read(), response.headers["Content-Type"]) == (b"picture", "image/png")
        assert len(children() - before) >= 1
    assert children() - before == set()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help is asked for on Linux only")
def test_a_store_ends_even_with_a_user_that_was_killed(tmp_path: Path) -> None:
    code = (
        "import os, signal; from warmup.sandbox.stores import moto\n"
        "with moto() as store: print(store.dynamodb_url, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    environ = os.environ | {"TMPDIR": str(tmp_path)}
    killed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environ, check=False)
    port = int(killed.stdout.rpartition(":")[2])
    deadline = time.monotonic() + 5
    while _listens(port) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _listens(port)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_store_that_nobody_knows_is_refused() -> None:
    with pytest.raises(stores.StoreMissing, match="ministack, dynamodb-local, moto"):
        stores.open_store("postgres")
