"""One run of the sandbox: store, service, timers, server, then (unless --empty) agency, bots and view.

store ─ tables, bucket ─ app ─ server  → `ready http://…` on standard output
                          └ timers
                                         seed ─ bots ─ view ─ summary
"""

import logging
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from rich.console import Console

from warmup.client import Client
from warmup.problems import WarmupError
from warmup.sandbox import summary
from warmup.sandbox.agency import agency
from warmup.sandbox.answers import Answer, HttpRequest
from warmup.sandbox.bots import Bot
from warmup.sandbox.clock import Clock
from warmup.sandbox.control import Control
from warmup.sandbox.doors import SHORTEST_KEY, is_loopback
from warmup.sandbox.front import front
from warmup.sandbox.issuer import issuing
from warmup.sandbox.platform import Platform
from warmup.sandbox.progress import snapshot
from warmup.sandbox.schedules import Timers, discover
from warmup.sandbox.seed import make_bots, seed
from warmup.sandbox.server import Server
from warmup.sandbox.service import BadSettings, Service, new_operator_key, running
from warmup.sandbox.stores import default_store, open_store
from warmup.sandbox.view import View
from warmup.terminal import counted

FAST = 10_000.0
"""The speed of a run with bots: 24 hours pass in under nine seconds."""

_VIEW_INTERVAL = 0.5
_SUMMARY_SECONDS = 1.5  # after Ctrl-C everything is over within five


@dataclass(frozen=True, slots=True)
class Options:
    """The options of `warmup dev`."""

    host: str
    allow_host: tuple[str, ...]
    port: int
    store: str | None
    operator_key: str | None
    operator_key_file: Path | None
    speed: float | None
    empty: bool
    until_done: bool
    bots: int
    seed: int
    timeout: float
    log_file: Path | None
    oidc: bool = False


class Stopped(BaseException):
    """SIGTERM or Ctrl-C; like KeyboardInterrupt, not an error, and not caught on the way."""

    def __init__(self, *, by_hand: bool) -> None:
        self.by_hand = by_hand


def run(options: Options) -> int:
    """Run until stopped, or until done if that is asked. Returns the exit code."""
    console = Console(stderr=True)
    try:
        with stoppable(), ExitStack() as stack:
            return _run(options, console, stack)
    except Stopped:
        console.print("stopped", style="dim")
        return 130 if options.until_done else 0


@contextmanager
def stoppable() -> Iterator[None]:
    """Raise Stopped at the first signal, wherever the main thread is; later ones do not disturb the clean-up."""

    def stop(number: int, frame: FrameType | None) -> None:
        for sign in (signal.SIGINT, signal.SIGTERM):
            signal.signal(sign, signal.SIG_IGN)
        raise Stopped(by_hand=number == signal.SIGINT)

    before = {sign: signal.signal(sign, stop) for sign in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)


def _run(options: Options, console: Console, stack: ExitStack) -> int:
    began = time.monotonic()
    given = operator_key_of(options)
    operator_key = given or new_operator_key()
    usual = 1.0 if options.empty else FAST
    clock = Clock(speed=usual if options.speed is None else options.speed)
    name = options.store or default_store()
    _say(console, f"store: {name} …")
    store = stack.enter_context(open_store(name))
    issuer = stack.enter_context(issuing()) if options.oidc else None
    trusted = issuer.environ() if issuer else {}
    service = stack.enter_context(running(store, clock, operator_key, options.log_file, trusted))
    server = _serve(options, service, clock, stack)
    if issuer:
        issuer.console = server.url
        _say(console, f"issuer: {issuer.url}, by which everybody may sign in to {server.url}/console as anybody")
    if not given:
        console.print(f"operator key: {operator_key}", highlight=False)
    print(f"ready {server.url}", flush=True)  # noqa: T201  # the one line that programs wait for
    if options.empty:
        return _wait_for_the_end()
    return _main_job(options, console, service, server.url, operator_key, stack, began)


def operator_key_of(options: Options) -> str | None:
    """Return the key that was given, or that is in the file; a file that is not there gets a new one.

    Raises BadSettings for one that anybody could guess, where other machines can reach the sandbox.
    """
    file, given = options.operator_key_file, options.operator_key
    if file is not None:
        if not file.exists():
            file.touch(0o600)
            file.write_text(f"{new_operator_key()}\n", encoding="utf-8")
        given = file.read_text(encoding="utf-8").strip()
        if not given:
            raise BadSettings(f"{file} is empty: remove it, and a key is made")
    if given and len(given) < SHORTEST_KEY and not is_loopback(options.host):
        raise BadSettings(
            f"other machines can reach {options.host}, and the operator's key has less than {SHORTEST_KEY} "
            "characters: give --operator-key-file FILE, and a key is made"
        )
    return given


def _serve(options: Options, service: Service, clock: Clock, stack: ExitStack) -> Server:
    timers = Timers(discover(service.app), clock)
    control = Control(clock, timers)

    def answer(request: HttpRequest) -> Answer:
        ours = request.path == "/sandbox" or request.path.startswith("/sandbox/")
        handle = control.handle if ours else service.gateway.handle
        answered = front(request, server.url) or handle(request)
        # a client that counts leases by its own clock needs to know how fast ours runs
        return answered if clock.speed == 1 else answered.having("Sandbox-Speed", f"{clock.speed:.3f}")

    server = Server(options.host, options.port, answer, options.allow_host)
    server.start()
    stack.callback(server.stop)
    timers.start()
    stack.callback(timers.stop)
    return server


def _wait_for_the_end() -> int:
    while True:
        time.sleep(3600)


def _main_job(
    options: Options, console: Console, service: Service, url: str, operator_key: str, stack: ExitStack, began: float
) -> int:
    """Seed the agency, start the bots, and show the progress."""
    bots_log = logging.getLogger("warmup.worker")  # the view shows what the bots do; their crashes are not defects
    bots_log.propagate = False
    bots_log.addHandler(logging.NullHandler())
    operator = stack.enter_context(Client(url, operator_key))
    made, granted_at = agency(options.seed), operator.health.health().now.isoformat()
    seed(operator, service.bucket, made, granted_at, lambda what: _say(console, f"seeded: {what}"))
    platform = Platform(options.seed, made.always_failing)
    keys = make_bots(operator, options.bots)
    crew = [
        Bot(bot_id, key, url, platform=platform, seed=options.seed, crashes=number == len(keys) > 1)
        for number, (bot_id, key) in enumerate(keys.items(), start=1)
    ]
    for bot in crew:
        bot.start()
    try:
        _say(console, at_work(len(crew)))
        if not _watch(options, console, operator):
            console.print(f"not done after {options.timeout:.0f} s", style="bold red")
    except Stopped as stopped:
        _stop(crew, 0.5)
        if stopped.by_hand:
            _show_in_time(console, operator, began)
        raise
    _stop(crew, 2.0)
    result = summary.summarise(operator)
    summary.show(console, result, time.monotonic() - began)
    return 0 if result.good else 1


def at_work(bots: int) -> str:
    """Return how many bots work, and what to expect of them."""
    if bots == 0:
        return "no bots: the work is left to yours (warmup bots create NAME makes a key)"
    return f"{counted(bots, 'bot')} at work" + (", the last one crashes now and then" if bots > 1 else "")


def _say(console: Console, what: str) -> None:
    console.print(what, style="dim", highlight=False)


def _watch(options: Options, console: Console, operator: Client) -> bool:
    """Show the run until every account is settled, or without `until_done` until stopped. False at the timeout."""
    ends_at = time.monotonic() + options.timeout
    with View(console) as view:
        while True:
            try:
                found = snapshot(operator, details=console.is_terminal)
            except WarmupError as error:
                _say(console, f"the view could not be refreshed: {error}")
            else:
                view.show(found)
                if options.until_done and found.settled:
                    return True
            if options.until_done and time.monotonic() > ends_at:
                return False
            time.sleep(_VIEW_INTERVAL)


def _stop(crew: list[Bot], seconds: float) -> None:
    """Let the bots finish what is under way, for that long; their threads do not outlive the process."""
    for bot in crew:
        bot.stop()
    ends_at = time.monotonic() + seconds
    for bot in crew:
        bot.join(max(0.0, ends_at - time.monotonic()))


def _show_in_time(console: Console, operator: Client, began: float) -> None:
    """Show the summary of a run that was stopped, unless asking for it takes too long."""
    found: list[summary.Summary] = []

    def ask() -> None:
        with suppress(WarmupError, RuntimeError):  # the latter: the client was closed meanwhile
            found.append(summary.summarise(operator))

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(_SUMMARY_SECONDS)
    if found:
        summary.show(console, found[0], time.monotonic() - began)
