"""The media bucket: presigned URLs, made here without a round trip. They are secrets: never logged."""

from typing import Any

from chalicelib.tables.base import Store


def _client() -> Any:
    if Store.s3 is None:
        import boto3  # noqa: PLC0415  # only the routes that deliver media pay for S3's client
        from botocore.config import Config  # noqa: PLC0415

        Store.s3 = boto3.client("s3", config=Config(signature_version="s3v4"))
    return Store.s3


def download_url(bucket: str, key: str, seconds: int) -> str:
    """A URL that gives just this object to anybody who has it, for so many seconds."""
    url: str = _client().generate_presigned_url(
        "get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=seconds, HttpMethod="GET"
    )
    return url
