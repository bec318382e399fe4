"""Our signatures are those of botocore's signers, to the character."""

import string
from datetime import datetime
from typing import Any
from unittest import mock
from urllib.parse import quote, urlencode, urlsplit

from botocore import auth
from botocore.auth import S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.tables.signatures import Signer
from chalicelib.tables.transport import host_of

WORDS = st.text(string.ascii_letters + string.digits + "-_./+=", min_size=1, max_size=60)
CREDENTIALS = st.builds(Credentials, WORDS, WORDS, st.none() | WORDS)
REGIONS = st.sampled_from(["us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1"])
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2099, 1, 1))  # noqa: DTZ001  # without a zone: so it wants them
ORIGINS = st.builds(
    "{}://{}{}".format,
    st.sampled_from(["http", "https"]),
    st.sampled_from(["127.0.0.1", "localhost", "dynamodb.eu-west-1.amazonaws.com", "a.b-c.example"]),
    st.sampled_from(["", ":80", ":443", ":8000"]),
)
PATHS = st.sampled_from(["/", "/store/", "/a b/", "/ü/~x/"])


def at(moment: datetime) -> Any:
    """botocore's clock, stopped."""
    return mock.patch.object(auth, "get_current_datetime", lambda: moment)


@given(CREDENTIALS, REGIONS, MOMENTS, ORIGINS, PATHS, st.binary(max_size=200), WORDS)
def test_a_call_is_signed_as_botocore_signs_it(
    credentials: Credentials, region: str, moment: datetime, origin: str, path: str, body: bytes, target: str
) -> None:
    own = {"content-type": "application/x-amz-json-1.0", "x-amz-target": target}
    request = AWSRequest("POST", origin + path, dict(own), body)
    with at(moment):
        SigV4Auth(credentials, "dynamodb", region).add_auth(request)
    signer = Signer(credentials, region, "dynamodb", moment.strftime("%Y%m%dT%H%M%SZ"))
    headers = signer.headers(host_of(origin + path), quote(path, safe="/~"), own, body)
    theirs = {name.lower(): value for name, value in request.headers.items()}
    assert headers == theirs | {"host": headers["host"]}


@given(CREDENTIALS, REGIONS, MOMENTS, ORIGINS, st.text(min_size=1, max_size=40), st.integers(1, 604_800))
def test_a_url_is_signed_as_botocore_signs_it(
    credentials: Credentials, region: str, moment: datetime, origin: str, key: str, seconds: int
) -> None:
    path = "/bucket/" + quote(key)
    own = {"response-content-type": "image/png", "response-content-disposition": "inline"}
    request = AWSRequest("GET", f"{origin}{path}?{urlencode(own, quote_via=quote, safe='')}")
    with at(moment):
        S3SigV4QueryAuth(credentials, "s3", region, seconds).add_auth(request)
    signer = Signer(credentials, region, "s3", moment.strftime("%Y%m%dT%H%M%SZ"))
    parts = urlsplit(origin)
    ours = signer.url(parts.scheme, host_of(origin), path, seconds, own)
    assert ours.replace(f"//{host_of(origin)}/", f"//{parts.netloc}/") == request.url
