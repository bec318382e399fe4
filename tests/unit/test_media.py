"""Where media come from and go to, as a browser that keeps to the console's policy sees it."""

from urllib.parse import urlsplit

import boto3
import pytest

from chalicelib.tables import media
from chalicelib.tables.base import Store
from chalicelib.tables.transport import Sdk

SHA256 = "00" * 32


def bound(monkeypatch: pytest.MonkeyPatch, region: str, endpoint: str | None = None) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    if endpoint is None:
        monkeypatch.delenv("AWS_ENDPOINT_URL_S3", raising=False)
        monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    else:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # another test's keeps its region
    monkeypatch.setattr(Store, "sdk", Sdk())
    monkeypatch.setattr(Store, "s3", None)


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1", "ap-southeast-3"])
def test_forms_and_downloads_go_to_the_one_host_of_the_bucket_in_its_region(
    monkeypatch: pytest.MonkeyPatch, region: str
) -> None:
    """The global host answers a form for a new bucket elsewhere with a redirect, which no browser follows here."""
    bound(monkeypatch, region)
    form = media.upload_form("pictures", "a", media_type="image/png", size=1, sha256=SHA256, seconds=60)
    url = media.download_url("pictures", "a", 60)
    host = f"pictures.s3.{region}.amazonaws.com"
    assert {urlsplit(form.url).netloc, urlsplit(url).netloc} == {host}
    assert media.origins("pictures") == [f"https://{host}"]


def test_a_store_of_ones_own_is_called_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    bound(monkeypatch, "us-east-1", "http://127.0.0.1:4566")
    form = media.upload_form("pictures", "a", media_type="image/png", size=1, sha256=SHA256, seconds=60)
    assert form.url == "http://127.0.0.1:4566/pictures"
    assert media.origins("pictures") == ["http://127.0.0.1:4566"]
