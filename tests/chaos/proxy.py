"""A way to DynamoDB that fails: requests are lost before or after they are done, throttled, answered 500, held up."""

import http.client
import json
import random
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

TROUBLES = ("lost request", "lost answer", "throttled", "conflict", "500", "slow")
_LOCAL = threading.local()


class Proxy(ThreadingHTTPServer):
    """Passes requests on to a port of this machine; of a hundred, `trouble` go wrong."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, target: int, seed: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target, self.trouble = target, 0
        self.dice, self.done = random.Random(seed), Counter[str]()
        self._lock = threading.Lock()
        threading.Thread(target=self.serve_forever, args=(0.1,), daemon=True).start()

    @property
    def url(self) -> str:
        """Where it can be called."""
        return f"http://127.0.0.1:{self.server_port}"

    def next(self, operation: str) -> str:
        """What happens to the next request."""
        with self._lock:
            what = "passed"
            if self.dice.randrange(100) < self.trouble:
                what = self.dice.choice(TROUBLES)
            if what == "conflict" and operation != "TransactWriteItems":
                what = "throttled"
            self.done[what] += 1
            return what

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that was killed is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:  # the name that the base class calls
        """One request."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        proxy = cast(Proxy, self.server)
        match proxy.next(operation):
            case "lost request":
                self.close_connection = True
            case "lost answer":
                self._pass_on(body)
                self.close_connection = True
            case "throttled":
                self._answer(400, _problem("ProvisionedThroughputExceededException"))
            case "conflict":
                reasons: list[dict[str, str]] = [{"Code": "None"} for _ in json.loads(body)["TransactItems"]]
                reasons[0] = {"Code": "TransactionConflict", "Message": "under way"}
                self._answer(400, _problem("TransactionCanceledException", CancellationReasons=reasons))
            case "500":
                self._answer(500, _problem("InternalServerError"))
            case "slow":
                time.sleep(0.3)
                self._answer(*self._pass_on(body))
            case _:
                self._answer(*self._pass_on(body))

    def _pass_on(self, body: bytes) -> tuple[int, bytes]:
        for attempt in (1, 2):
            connection: http.client.HTTPConnection | None = getattr(_LOCAL, "connection", None)
            if connection is None:
                connection = http.client.HTTPConnection("127.0.0.1", cast(Proxy, self.server).target, timeout=10)
                _LOCAL.connection = connection
            try:
                connection.request("POST", "/", body, dict(self.headers.items()))
                answer = connection.getresponse()
                return answer.status, answer.read()
            except (http.client.HTTPException, OSError):
                connection.close()
                _LOCAL.connection = None
                if attempt == 2:
                    raise
        raise AssertionError("the second attempt returns or raises")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def _problem(code: str, **more: Any) -> bytes:
    return json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": code, **more}).encode()
