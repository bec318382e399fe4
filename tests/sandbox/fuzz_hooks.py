"""What schemathesis has to be told of our media types."""

from typing import Any

import schemathesis


@schemathesis.serializer("application/x-ndjson", "text/csv")
def as_text(ctx: Any, value: Any) -> bytes:  # schemathesis names the parameters
    """Rows go out as they are."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")
