"""Uploads that lie about their type, size or checksum are refused with the reason; honest ones become items.

The bucket is MiniStack's, which checks the policy's size, type and key as S3 does. Unlike S3 it does not check the
checksum of a form, nor keeps it: the service finds that out by hashing the file.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import boto3
import httpx
import pytest

from chalicelib.edge.serve import installed
from tests.engine.conftest import Service
from warmup.sandbox.pictures import draw

pytestmark = [pytest.mark.engine, pytest.mark.parametrize("service", [1], indirect=True, ids=["one-shard"])]

MODEL = "/api/operator/models/m"
FILE = draw(7, "pfp", "sea", "a picture").data
OTHER = bytes(reversed(FILE))
TURNED = Path(__file__).parent.parent / "media" / "turned.mp4"


@pytest.fixture
def uploads(service: Service) -> Iterator[Service]:
    """The service with a bucket of its own, and files checked."""
    bucket = f"{installed.settings.table_prefix}media"
    installed.settings = replace(installed.settings, media_bucket=bucket, verify_media=True)
    boto3.Session().client("s3").create_bucket(Bucket=bucket)
    service.operator("POST", "/api/operator/models", {"model_id": "m"})
    yield service


def ask(service: Service, data: bytes = FILE, **change: Any) -> Any:
    """A form for the file."""
    digest = hashlib.sha256(data).hexdigest()
    asked = {"filename": "a.png", "media_type": "image/png", "bytes": len(data), "sha256": digest, **change}
    return service.operator("POST", f"{MODEL}/content/uploads", asked)


def post(form: Any, data: bytes = FILE, fields: Mapping[str, str] = MappingProxyType({})) -> int:
    """Sends the form with a file; the bucket's answer."""
    return httpx.post(form["url"], data={**form["fields"], **fields}, files={"file": ("a.png", data)}).status_code


def item(form: Any, **change: Any) -> dict[str, Any]:
    """The item that the file is said to be."""
    own = {"content_id": "i1", "category": "pfp", "quality_score": 80, "max_usage": 3}
    file = {"media_type": "image/png", "bytes": len(FILE), "sha256": hashlib.sha256(FILE).hexdigest()}
    return {**own, **file, "media_key": form["media_key"], **change}


def refused(service: Service, body: Any) -> dict[str, str]:
    """What is wrong with the item, by pointer."""
    answer = service.call("POST", f"{MODEL}/content", "an operator's key for tests", body)
    assert (answer.status, answer.document["code"]) == (422, "invalid_input"), answer
    return {fault["pointer"]: fault["detail"] for fault in answer.document["errors"]}


def test_an_honest_file_becomes_an_item_that_can_be_downloaded(uploads: Service) -> None:
    form = ask(uploads)
    assert post(form) == 204
    made = uploads.operator("POST", f"{MODEL}/content", item(form))
    assert made["status"] == "approved"
    assert uploads.operator("POST", f"{MODEL}/content", item(form))["replayed"]


def bucket() -> dict[str, bytes]:
    """What lies in the bucket, by key."""
    s3, name = boto3.Session().client("s3"), installed.settings.media_bucket
    found = s3.list_objects_v2(Bucket=name).get("Contents", ())
    return {one["Key"]: s3.get_object(Bucket=name, Key=one["Key"])["Body"].read() for one in found}


def test_an_upload_waits_until_its_item_is_made_and_can_then_not_be_changed_by_the_form(uploads: Service) -> None:
    form = ask(uploads)
    key = form["media_key"]
    assert post(form) == 204
    assert list(bucket()) == [f"uploads/{key}"], "where the bucket drops what nobody keeps"
    path, key_of_operator = f"{MODEL}/content/import?dry_run=true", "an operator's key for tests"
    dry = uploads.call("POST", path, key_of_operator, item(form), content_type="application/x-ndjson").document
    assert dry["rows"][0]["outcome"] == "created" and list(bucket()) == [f"uploads/{key}"]
    uploads.operator("POST", f"{MODEL}/content", item(form))
    assert bucket()[key] == FILE
    post(form, OTHER)  # S3 refuses other bytes; this bucket does not
    assert bucket()[key] == FILE
    boto3.Session().client("s3").delete_object(Bucket=installed.settings.media_bucket, Key=f"uploads/{key}")
    assert uploads.operator("POST", f"{MODEL}/content", item(form))["replayed"]


def test_no_item_may_lie_where_uploads_are_dropped(uploads: Service) -> None:
    form = ask(uploads)
    post(form)
    assert set(refused(uploads, item(form, media_key=f"uploads/{form['media_key']}"))) == {"/media_key"}


def test_the_bucket_refuses_another_size_type_or_key(uploads: Service) -> None:
    form = ask(uploads)
    assert post(form, FILE + b"!") >= 400
    assert post(form, FILE[:-1]) >= 400
    assert post(form, fields={"Content-Type": "image/gif"}) >= 400
    assert post(form, fields={"key": "m/elsewhere.png"}) >= 400
    assert refused(uploads, item(form)) == {"/media_key": "nothing lies there: upload the file first"}


def test_a_file_that_is_not_what_the_item_says_is_refused_with_the_reason(uploads: Service) -> None:
    form = ask(uploads)
    assert post(form) == 204
    told = refused(uploads, item(form, bytes=7, media_type="image/webp", sha256="ab" * 32))
    assert told == {
        "/bytes": "the stored file does not have 7 bytes",
        "/media_type": "the stored file is not image/webp",
        "/sha256": "the stored file has another SHA-256",
    }
    assert list(uploads.every(f"{MODEL}/content")) == []


def added(service: Service, data: bytes, media_type: str, **change: Any) -> dict[str, Any]:
    """The body of an item whose file was just uploaded."""
    form = ask(service, data, media_type=media_type)
    assert post(form, data) == 204
    said = {"media_type": media_type, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    return item(form, **said, **change)


def test_the_service_takes_what_it_finds_in_the_file_and_not_what_is_said_of_it(uploads: Service) -> None:
    body = added(uploads, TURNED.read_bytes(), "video/mp4", width=1, height=1)
    made = uploads.operator("POST", f"{MODEL}/content", body)
    found = {name: made[name] for name in ("width", "height", "rotation", "animated", "duration_seconds", "codec")}
    assert found == {
        "width": 48,
        "height": 64,
        "rotation": 270,
        "animated": False,
        "duration_seconds": 2.0,
        "codec": "avc1",
    }
    assert uploads.operator("POST", f"{MODEL}/content", {**body, "width": 2})["replayed"], "sides follow from the bytes"


@pytest.mark.parametrize(
    ("data", "pointer", "says"),
    [
        (draw(902, "post", None, "a JPEG").data, "/media_type", "the bytes are image/jpeg"),
        (FILE[: len(FILE) // 2], "/media_key", "it is cut short"),
        (b"<html><script>", "/media_key", "not an image or a video"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "/media_key", "export the picture as JPEG"),
    ],
)
def test_a_file_whose_bytes_are_not_what_its_type_says_is_refused(
    uploads: Service, data: bytes, pointer: str, says: str
) -> None:
    told = refused(uploads, added(uploads, data, "image/png"))
    assert list(told) == [pointer]
    assert says in told[pointer]
    assert list(uploads.every(f"{MODEL}/content")) == []


def test_a_file_of_the_right_size_and_other_bytes_is_found_out(uploads: Service) -> None:
    assert len(OTHER) == len(FILE)
    form = ask(uploads)
    post(form, OTHER)  # S3 refuses it already; this bucket does not
    assert set(refused(uploads, item(form))) <= {"/sha256", "/media_key"}


def test_a_file_is_asked_for_once(uploads: Service) -> None:
    form = ask(uploads)
    post(form)
    uploads.operator("POST", f"{MODEL}/content", item(form))
    digest = hashlib.sha256(FILE).hexdigest()
    asked = {"filename": "b.png", "media_type": "image/png", "bytes": len(FILE), "sha256": digest}
    again = uploads.call("POST", f"{MODEL}/content/uploads", "an operator's key for tests", asked)
    assert (again.status, again.document["duplicate_of"]) == (409, "i1")
