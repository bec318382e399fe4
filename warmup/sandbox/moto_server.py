"""moto's server, one request at a time: `python -m warmup.sandbox.moto_server PORT`.

moto's own command serves every request in a thread, and its DynamoDB then tears reads and loses updates.
"""

import logging
import sys

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple


def main() -> None:
    """Serves until the process is ended."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    run_simple("127.0.0.1", int(sys.argv[1]), DomainDispatcherApplication(create_backend_app), threaded=False)


if __name__ == "__main__":
    main()
