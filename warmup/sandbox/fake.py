"""A server for the tests of bots: the whole service in this process, its time moved by hand.

    with fake_server() as server:
        server.account("nora-1")
        worker = Worker(server.url, server.bot_key())
        …
        worker.run(jobs=1)
        assert server.operator.accounts.get("nora-1").progress.completed == 1

One at a time in a process: the service's tables and its clock are the process's own.
"""

import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta

from warmup.client import Client
from warmup.sandbox import stock
from warmup.sandbox.answers import Answer, HttpRequest
from warmup.sandbox.clock import Clock
from warmup.sandbox.control import Control
from warmup.sandbox.schedules import Timers, discover
from warmup.sandbox.server import Server
from warmup.sandbox.service import new_operator_key, running
from warmup.sandbox.stores import open_store


class FakeServer:
    """The server. `operator` may do everything; `time` stands unless it is moved, here or by the routes of the sandbox.

    `away`: a gateway answers in its place. `silent`: it takes requests and does not answer, as behind a dead network.
    """

    def __init__(self, url: str, operator_key: str, clock: Clock, timers: Timers) -> None:
        self.url, self.operator_key = url, operator_key
        self.operator = Client(url, operator_key)
        self._clock, self._timers = clock, timers
        self.asked: list[tuple[str, str]] = []
        self.away = self.silent = False

    def advance(self, **duration: float) -> None:
        """Let time pass, by a timedelta's arguments, and runs the timers."""
        self._clock.advance(timedelta(**duration))
        self._timers.run_all()

    def bot_key(self, bot_id: str | None = None) -> str:
        """Make a bot, and return its key."""
        return stock.bot_key(self.operator, bot_id or f"bot-{secrets.token_hex(4)}")

    def account(self, account_id: str) -> None:
        """Make an account of the model `nora` that is ready. Items rest for a day between two accounts."""
        stock.account(self.operator, account_id)

    def stock(self) -> None:
        """Make the model `nora` with a picture and a text for each category that the standard plan asks for."""
        stock.stock(self.operator)


@contextmanager
def fake_server(store: str | None = None, speed: float = 1.0) -> Iterator[FakeServer]:
    """Serve the whole service, with the model `nora` and her pools, on that store (see `default_store`).

    Raises StoreMissing where the store cannot run.
    """
    with ExitStack() as stack:
        clock, key = Clock(speed=speed), new_operator_key()
        service = stack.enter_context(running(stack.enter_context(open_store(store)), clock, key, None))
        timers = Timers(discover(service.app), clock)
        control = Control(clock, timers)

        def answer(request: HttpRequest) -> Answer:
            while fake.silent:
                time.sleep(0.02)
            if fake.away:
                return Answer(503, [("Content-Type", "text/html")], b"<html>the gateway has nobody behind it</html>")
            fake.asked.append((request.method, request.path))
            handle = control.handle if request.path.startswith("/sandbox/") else service.gateway.handle
            answered = handle(request)
            return answered if clock.speed == 1 else answered.having("Sandbox-Speed", f"{clock.speed:.3f}")

        server = Server("127.0.0.1", 0, answer)
        fake = FakeServer(server.url, key, clock, timers)
        server.start()
        stack.callback(server.stop)
        fake.stock()
        yield fake
