"""A server for the tests of bots: the whole service in this process, its time moved by hand.

    with fake_server() as server:
        server.account("nora-1")
        worker = Worker(server.url, server.bot_key())
        …
        worker.run(jobs=1)
        assert server.operator.accounts.get("nora-1").progress.completed == 1

One at a time in a process: the service's tables and its clock are the process's own.
"""

import hashlib
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta

from warmup.api.models import ConsentBody, ContentBody, TextBody
from warmup.client import Client
from warmup.sandbox.answers import Answer, HttpRequest
from warmup.sandbox.clock import Clock
from warmup.sandbox.pictures import draw
from warmup.sandbox.schedules import Timers, discover
from warmup.sandbox.server import Server
from warmup.sandbox.service import new_operator_key, running
from warmup.sandbox.stores import open_store

MODEL = "nora"
_USES = 50


class FakeServer:
    """The server. `operator` may do everything; `time` stands unless it is moved."""

    def __init__(self, url: str, operator_key: str, clock: Clock, timers: Timers) -> None:
        self.url, self.operator_key = url, operator_key
        self.operator = Client(url, operator_key)
        self._clock, self._timers = clock, timers
        self.asked: list[tuple[str, str]] = []
        self.away = False

    def advance(self, **duration: float) -> None:
        """Lets time pass, by a timedelta's arguments, and runs the timers."""
        self._clock.advance(timedelta(**duration))
        self._timers.run_all()

    def bot_key(self, bot_id: str | None = None) -> str:
        """The key of a new bot."""
        key = self.operator.bots.create(bot_id=bot_id or f"bot-{secrets.token_hex(4)}").key
        assert key is not None, "the bot was there already"
        return key

    def account(self, account_id: str) -> None:
        """An account of the model `nora` that is ready to be warmed up. Items rest for a day between two accounts."""
        agreed = ConsentBody(granted_by="Nora", granted_at=datetime(2026, 1, 1, tzinfo=UTC), reference="contract 7")
        self.operator.accounts.create(model_id=MODEL, username=account_id, account_id=account_id, consent=agreed)
        self.operator.accounts.ready(account_id, reason="for the test")

    def stock(self) -> None:
        """The model `nora` with a picture and a text for each category that the standard plan asks for."""
        self.operator.models.create(model_id=MODEL)
        for number, category in enumerate(("pfp", "post", "highlight", "story", "any")):
            picture = draw(number, category, None, category)
            sha256 = hashlib.sha256(picture.data).hexdigest()
            size, media_type = len(picture.data), picture.media_type
            form = self.operator.content.upload(
                MODEL, filename=f"{category}.png", media_type=media_type, bytes=size, sha256=sha256
            )
            self.operator.put(form, picture.data)
            own = {"media_key": form.media_key, "media_type": media_type, "sha256": sha256, "bytes": size}
            item = {"content_id": f"nora-{category}", "category": category, "quality_score": 80, "max_usage": _USES}
            self.operator.content.create(MODEL, ContentBody.model_validate({**item, **own}))
        texts = [
            TextBody(category=one, quality_score=80, max_usage=_USES, body=f"A text for {one}.", text_id=f"nora-{one}")
            for one in ("bio", "post", "highlight", "any")
        ]
        self.operator.texts.create(MODEL, texts)


@contextmanager
def fake_server(store: str | None = None, speed: float = 1.0) -> Iterator[FakeServer]:
    """Serve the whole service, with the model `nora` and her pools, on that store (see `default_store`).

    Raises StoreMissing where the store cannot run.
    """
    with ExitStack() as stack:
        clock, key = Clock(speed=speed), new_operator_key()
        service = stack.enter_context(running(stack.enter_context(open_store(store)), clock, key, None))
        timers = Timers(discover(service.app), clock)

        def answer(request: HttpRequest) -> Answer:
            if fake.away:
                return Answer(503, [("Content-Type", "text/html")], b"<html>the gateway has nobody behind it</html>")
            fake.asked.append((request.method, request.path))
            answered = service.gateway.handle(request)
            return answered if clock.speed == 1 else answered.having("Sandbox-Speed", f"{clock.speed:.3f}")

        server = Server("127.0.0.1", 0, answer)
        fake = FakeServer(server.url, key, clock, timers)
        server.start()
        stack.callback(server.stop)
        fake.stock()
        yield fake
