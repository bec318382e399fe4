"""The media bucket: presigned URLs and forms, made here without a round trip, and a look at what lies there.

Presigned URLs and forms are secrets: never logged.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from botocore.exceptions import ClientError

from chalicelib.domain.records import record
from chalicelib.tables.base import Store, translating_read_errors
from chalicelib.tables.transport import host_of

UPLOADS = "uploads/"
LARGEST_HASHED = 64 * 1024 * 1024
_CHUNK = 1024 * 1024
_TYPE, _DISPOSITION = "response-content-type", "response-content-disposition"


@record
class Form:
    """A form that uploads one object: POST it as multipart/form-data, the fields first, the file as `file` last."""

    url: str
    fields: Mapping[str, str]


@record
class Stored:
    """What lies in the bucket under `key`: bytes, type, and SHA-256 in hex (None: not known, and too large to find).

    `waits`: it was uploaded and lies where uploads wait, until it is kept or dropped.
    """

    key: str
    bytes: int
    media_type: str
    sha256: str | None
    waits: bool = False


def _client() -> Any:
    if Store.s3 is None:
        from botocore.config import Config  # noqa: PLC0415  # only the routes that deliver media pay for S3's client

        assert Store.sdk is not None, "tables.bind(settings) comes first"
        # The bucket's own host, by its region: AWS's global one redirects forms for a new bucket of another region, and
        # neither a browser's form nor the console's policy follows a redirect.
        own_host = {"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"}
        named = Store.sdk.named_endpoint("s3") is not None
        Store.s3 = Store.sdk.client("s3", Config(signature_version="s3v4", s3=None if named else own_host))
    return Store.s3


def download_url(bucket: str, key: str, seconds: int, media_type: str | None = None) -> str:
    """A URL that gives just this object to anybody who has it, for so many seconds.

    The bucket answers with this type, whatever was uploaded: no browser takes it for a page.

    Signed here: botocore's client for S3 takes longer to make than all the rest of a delivery.
    """
    sdk = Store.sdk
    assert sdk is not None, "tables.bind(settings) comes first"
    named = sdk.named_endpoint("s3")
    if named is not None or "." in bucket:  # a certificate for *.s3 covers no second dot
        base = f"{named or 'https://' + sdk.host('s3')}/{bucket}"
    else:
        base = f"https://{bucket}.{sdk.host('s3')}"
    path = f"{urlsplit(base).path}/{quote(key)}"
    signed = {} if media_type is None else {_TYPE: media_type, _DISPOSITION: "inline"}
    return sdk.signer("s3").url(urlsplit(base).scheme, host_of(base), path, seconds, signed)


def origins(bucket: str) -> list[str]:
    """Where downloads come from and uploads go to, as the origins (scheme, host, port) that a browser knows."""
    addresses = (download_url(bucket, "-", 1), _client().generate_presigned_post(bucket, "-", ExpiresIn=1)["url"])
    return sorted({"{0.scheme}://{0.netloc}".format(urlsplit(address)) for address in addresses})


def upload_form(bucket: str, key: str, *, media_type: str, size: int, sha256: str, seconds: int) -> Form:
    """A form that stores just this object: its key, type, size and checksum stand in the signed policy.

    It lies where uploads wait: the bucket drops what is never kept.
    """
    signed = {
        "Content-Type": media_type,
        "x-amz-checksum-algorithm": "SHA256",
        "x-amz-checksum-sha256": base64.b64encode(bytes.fromhex(sha256)).decode(),
    }
    conditions: list[object] = [
        *({name: value} for name, value in signed.items()),
        ["content-length-range", size, size],
    ]
    form = _client().generate_presigned_post(
        bucket, UPLOADS + key, Fields=signed, Conditions=conditions, ExpiresIn=seconds
    )
    return Form(form["url"], form["fields"])


def look(bucket: str, key: str) -> Stored | None:
    """What lies under the key or waits for it, None if nothing. What has no checksum in the store is hashed."""
    with translating_read_errors():
        return _look(bucket, key) or _look(bucket, UPLOADS + key, waits=True)


def _look(bucket: str, key: str, *, waits: bool = False) -> Stored | None:
    try:
        found = _client().head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED")
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return None
        raise
    size, told = int(found["ContentLength"]), found.get("ChecksumSHA256")
    whole = told is not None and "-" not in told  # the checksum of parts is not that of the object
    sha256 = base64.b64decode(told).hex() if whole else _hashed(bucket, key, size)
    return Stored(key, size, str(found.get("ContentType", "")), sha256, waits)


def reader(bucket: str, key: str) -> Callable[[int, int], bytes]:
    """Reads so many bytes of an object from an offset on: each call is one ranged GET."""

    def read(offset: int, count: int) -> bytes:
        wanted = f"bytes={offset}-{offset + count - 1}"
        with translating_read_errors():
            data: bytes = _client().get_object(Bucket=bucket, Key=key, Range=wanted)["Body"].read()
        return data

    return read


def keep(bucket: str, key: str) -> None:
    """Copies what waits for the key to its place, where no form reaches it any more."""
    with translating_read_errors():
        _client().copy_object(Bucket=bucket, Key=key, CopySource={"Bucket": bucket, "Key": UPLOADS + key})


def _hashed(bucket: str, key: str, size: int) -> str | None:
    if size > LARGEST_HASHED:
        return None
    body, digest = _client().get_object(Bucket=bucket, Key=key)["Body"], hashlib.sha256()
    while chunk := body.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()
