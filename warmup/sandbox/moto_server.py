"""moto's server, one request at a time: `python -m warmup.sandbox.moto_server PORT`.

moto's own command serves every request in a thread, and its DynamoDB then tears reads and loses updates.
"""

import io
import logging
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

from warmup.sandbox.emulator import REFUSED, Door, Request


def main() -> None:
    """Serves until the process is ended."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app, door = DomainDispatcherApplication(create_backend_app), Door.of_environment()

    def guarded(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        path, _, query = str(environ["REQUEST_URI"]).partition("?")
        if not door.admits(Request(environ["REQUEST_METHOD"], path, query, dict(_headers(environ)), body)):
            start_response("403 Forbidden", [("Content-Type", "text/plain")])
            return [REFUSED]
        answered: Iterable[bytes] = app(environ | {"wsgi.input": io.BytesIO(body)}, start_response)
        return answered

    run_simple("127.0.0.1", int(sys.argv[1]), guarded, threaded=False)


def _headers(environ: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in environ.items():
        if name.startswith("HTTP_") or name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            yield name.removeprefix("HTTP_").replace("_", "-").lower(), str(value)


if __name__ == "__main__":
    main()
