"""The second argument that Lambda passes to a handler."""

import time
from uuid import uuid4


class Invocation:
    """The Lambda context of one call."""

    memory_limit_in_mb = 512
    function_version = "$LATEST"

    def __init__(self, function: str, timeout_seconds: float = 25.0) -> None:
        self.function_name = f"warmup-sandbox-{function}"
        self.invoked_function_arn = f"arn:aws:lambda:us-east-1:000000000000:function:{self.function_name}"
        self.aws_request_id = str(uuid4())
        self._ends_at = time.monotonic() + timeout_seconds

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds of real time until Lambda would end the call."""
        return max(0, int((self._ends_at - time.monotonic()) * 1000))
