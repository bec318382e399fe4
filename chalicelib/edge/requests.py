"""What is read of a request: its parts, its media type, and JSON that is nothing but JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from chalice.app import Request

from chalicelib.domain.errors import BodyTooLarge, MalformedRequest, UnsupportedMediaType
from chalicelib.domain.records import record
from chalicelib.domain.strict_json import parse
from chalicelib.edge.answers import JSON
from chalicelib.edge.throttle import source_of

LARGEST_BODY = 256 * 1024
_TAG = re.compile(r'"?(\d{1,9})"?', re.ASCII)


@record
class Call:
    """What is read of a request; `base` is what stands before our paths in its URL.

    `repeated` are the query parameters that were given more than once, `source` is the address of the caller.
    `address` is that in full, `gateway_request_id` what the gateway calls the request: no caller chooses them.
    """

    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    base: str = ""
    repeated: tuple[str, ...] = ()
    source: str | None = None
    address: str | None = None
    gateway_request_id: str | None = None

    @classmethod
    def of(cls, request: Request) -> Call:
        """Reads Chalice's request."""
        given = request.query_params
        query = {} if given is None else dict(given.items())
        repeated = () if given is None else tuple(name for name in query if len(given.getlist(name)) > 1)
        body = request.raw_body
        raw = body.encode() if isinstance(body, str) else body
        gateway, source = request.context, source_of(request.context)
        address, named = (gateway.get("identity") or {}).get("sourceIp"), gateway.get("requestId")
        return cls(request.headers, query, raw, base_of(request), repeated, source, address, named)

    @property
    def media_type(self) -> str:
        """The media type of the body; JSON where the caller did not say."""
        return self.headers.get("content-type", JSON).partition(";")[0].strip().lower()

    @property
    def if_match(self) -> int | None:
        """The version that `If-Match` names, such as `"7"`; None where any will do. Raises MalformedRequest."""
        tag = self.headers.get("if-match")
        if tag is None or tag.strip() == "*":
            return None
        found = _TAG.fullmatch(tag.strip())
        if found is None:
            raise MalformedRequest('The header If-Match holds no version: send the ETag of the item, such as "7".')
        return int(found[1])

    def raw(self, media_types: tuple[str, ...]) -> tuple[str, bytes]:
        """The body as `(media type, bytes)`, in one of these media types. Raises BodyTooLarge, UnsupportedMediaType."""
        self._check_size()
        if self.media_type not in media_types:
            raise UnsupportedMediaType(f"Send the body as {' or '.join(media_types)}, not as {self.media_type}.")
        return self.media_type, self.body

    def json(self) -> Any:
        """The body as JSON; nothing at all counts as an empty object.

        Raises BodyTooLarge, UnsupportedMediaType, MalformedRequest.
        """
        self._check_size()
        if not self.body.strip():
            return {}
        if self.media_type != JSON and not self.media_type.endswith("+json"):
            raise UnsupportedMediaType(f"Send the body as `Content-Type: application/json`, not as {self.media_type}.")
        try:
            return parse(self.body.decode("utf-8"))
        except UnicodeError:
            raise MalformedRequest("The body is not UTF-8, or holds half a surrogate pair.") from None
        except RecursionError:
            raise MalformedRequest("The body is nested too deeply.") from None
        except ValueError as error:
            raise MalformedRequest(f"The body is not JSON: {str(error)[:200]}.") from None

    def _check_size(self) -> None:
        if len(self.body) > LARGEST_BODY:
            raise BodyTooLarge()


def base_of(request: Request) -> str:
    """What the gateway put before our path: `/v1` where it is called by its own name and stage, else nothing."""
    path, whole = str(request.to_original_event().get("path", "")), str(request.context.get("path", ""))
    return whole.removesuffix(path) if path and whole.endswith(path) else ""
