"""`make local`: Chalice's own development server, on a local store: `python -m warmup.sandbox.local`.

The tables and the bucket are made and `chalice local` is started on them; then, unless `--empty`, the model `nora`
with her pools, two accounts and a bot are made. Time is real, and no timer runs: Chalice's server has none.
"""

import argparse
import os
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from warmup.client import Client
from warmup.sandbox import stock
from warmup.sandbox.children import child_process, in_private_folder
from warmup.sandbox.clock import Clock
from warmup.sandbox.run import Stopped, stoppable
from warmup.sandbox.server import refused_port
from warmup.sandbox.service import new_operator_key, running
from warmup.sandbox.starting import START_PROBLEMS, explained
from warmup.sandbox.stores import ROOT, open_store

ACCOUNTS = ("nora-1", "nora-2")
_HOST = "127.0.0.1"
_CHALICE = "import sys; from chalice.cli import main; sys.argv[0] = 'chalice'; main()"


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until stopped; returns the exit code."""
    parser = argparse.ArgumentParser(prog="make local", description=__doc__.partition("\n")[0])
    parser.add_argument("--port", type=int, default=8000, help="port to listen on [8000]")
    parser.add_argument("--store", default="moto", help="moto, ministack, dynamodb-local, or a URL [moto]")
    parser.add_argument("--operator-key", help="the operator's key [a new one]")
    parser.add_argument("--empty", action="store_true", help="no model, no account, no bot")
    options = parser.parse_args(arguments)
    try:
        with stoppable(), ExitStack() as stack:
            key = options.operator_key or new_operator_key()
            url = stack.enter_context(chalice_local(options.port, options.store, key))
            print(f"operator key: {key}")
            if not options.empty:
                print(f"bot key:      {_stocked(url, key)}")
                print(f"made: the model {stock.MODEL} with her pools, and her accounts {' and '.join(ACCOUNTS)}, ready")
            print(f"ready {url}", flush=True)
            while True:
                time.sleep(3600)
    except Stopped:
        return 0
    except START_PROBLEMS as error:
        print(f"make local: {explained(error, options.store)}", file=sys.stderr)
        return 2


@contextmanager
def chalice_local(port: int, store: str, operator_key: str) -> Iterator[str]:
    """Run `chalice local` on that store; yields its URL."""
    _check_free(port)
    with ExitStack() as stack:
        print(f"store: {store} …", file=sys.stderr)
        opened = stack.enter_context(open_store(store))
        stack.enter_context(running(opened, Clock(speed=1.0), operator_key, None))  # the tables, and the environment
        folder = stack.enter_context(in_private_folder("warmup-local-"))
        command = [sys.executable, "-c", _CHALICE, "--project-dir", str(ROOT), "local", "--no-autoreload"]
        stack.enter_context(child_process([*command, "--port", str(port)], folder, os.environ, port))
        yield f"http://{_HOST}:{port}"


def _check_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError as error:
            raise refused_port(_HOST, port, error) from error


def _stocked(url: str, operator_key: str) -> str:
    with Client(url, operator_key) as operator:
        stock.stock(operator)
        for name in ACCOUNTS:
            stock.account(operator, name)
        return stock.bot_key(operator, "bot-1")


if __name__ == "__main__":
    sys.exit(main())
