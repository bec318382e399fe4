"""Faults on the wire: whatever happens to a request or its answer, a change is made exactly once and answered rightly.

Each use case is run without a fault and with it, on the same store, with the same clock and the same randomness: the
stores and the answers must then be equal to the last byte.
"""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chalicelib import context
from chalicelib.tables.base import Store
from tests.agency import LEASE, Agency, Bot, media, words
from tests.wire import Fault, Image

WRITE = "TransactWriteItems"
MODELS = "/api/operator/models"
Call = Callable[[], Any]
UseCase = Callable[[Agency], Call]


class SameRandomness:
    """Randomness that is the same for each run; bytes for a wait more are counted apart."""

    def __init__(self) -> None:
        self._counters: dict[int, Iterator[int]] = {}

    def begin(self) -> None:
        """The next bytes are the first again."""
        self._counters.clear()

    def __call__(self, count: int) -> bytes:
        """So many bytes, of which no two alike in a run."""
        number = next(self._counters.setdefault(count, itertools.count(1)))
        return number.to_bytes(8, "big").rjust(count, b"\x07")[-count:]


# the use cases: each prepares, and returns the call to look at


def started(agency: Agency) -> Bot:
    """A bot that has started `a1`."""
    return agency.warmed_to("pfp")


def start(agency: Agency) -> Call:
    """start-warmup."""
    agency.operator.account()
    return agency.worker().start


def start_without_session(agency: Agency) -> Call:
    """start-warmup that opens a session."""
    agency.operator.account()
    return agency.bot().start


def claim(agency: Agency) -> Call:
    """claim."""
    agency.operator.account()
    worker = agency.worker()
    return worker.claim


def content(agency: Agency) -> Call:
    """content, assigned and delivered."""
    return started(agency).content


def content_taken_over(agency: Agency) -> Call:
    """content, from a bot whose lease ran out."""
    started(agency).take()
    second = agency.worker("b2")
    agency.time.advance(LEASE)
    return second.content


def starve(agency: Agency) -> Call:
    """content, where the pools have nothing."""
    agency.operator.model("m2")
    agency.operator.account(model_id="m2")
    worker = agency.worker()
    worker.start().ok()
    return worker.content


def complete_phase(agency: Agency) -> Call:
    """complete-phase."""
    worker = started(agency)
    token = worker.take()
    return lambda: worker.complete("pfp", token, execution_time_ms=5)


def report_transient(agency: Agency) -> Call:
    """report-error, tried again later."""
    worker = started(agency)
    token = worker.take()
    return lambda: worker.report("pfp", token)


def report_content(agency: Agency) -> Call:
    """report-error, the item is swapped."""
    worker = started(agency)
    token = worker.take()
    return lambda: worker.report("pfp", token, kind="content")


def release(agency: Agency) -> Call:
    """release."""
    worker = started(agency)
    token = worker.take()
    return lambda: worker.release(token)


def complete_warmup(agency: Agency) -> Call:
    """complete-warmup."""
    return agency.warmed_up().complete_warmup


def open_session(agency: Agency) -> Call:
    """POST sessions."""
    bot = agency.bot()
    return lambda: bot.post("/api/bot/sessions", {"client": "x"})


def heartbeat(agency: Agency) -> Call:
    """heartbeat."""
    worker = started(agency)
    worker.take()
    agency.time.advance(60)
    return lambda: worker.heartbeat(note="x")


def end_session(agency: Agency) -> Call:
    """DELETE session: two writes, the end and what it held."""
    worker = started(agency)
    worker.take()
    return worker.end


def create_account(agency: Agency) -> Call:
    """POST accounts."""
    body = {"account_id": "a1", "model_id": "m1", "username": "u"}
    return lambda: agency.operator.post("/api/operator/accounts", body)


def ready(agency: Agency) -> Call:
    """POST ready."""
    agency.operator.account(ready=False)
    return lambda: agency.operator.ready("a1")


def create_model(agency: Agency) -> Call:
    """POST models."""
    return lambda: agency.operator.post(MODELS, {"model_id": "new"})


def create_content(agency: Agency) -> Call:
    """POST content."""
    return lambda: agency.operator.post(f"{MODELS}/m1/content", media("new", "pfp"))


def create_text(agency: Agency) -> Call:
    """POST texts."""
    return lambda: agency.operator.post(f"{MODELS}/m1/texts", words("new", "bio"))


def create_bot(agency: Agency) -> Call:
    """POST bots: the key is in the answer, this once."""
    return lambda: agency.operator.post("/api/operator/bots", {"bot_id": "new"})


def rotate_key(agency: Agency) -> Call:
    """POST keys."""
    return lambda: agency.operator.post("/api/operator/bots/b1/keys")


def revoke_key(agency: Agency) -> Call:
    """DELETE key."""
    (key,) = agency.operator.get("/api/operator/bots/b1").ok()["keys"]
    return lambda: agency.operator.delete(f"/api/operator/bots/b1/keys/{key['key_id']}")


def open_due_phases(agency: Agency) -> Call:
    """The timer: a phase, a lease."""
    agency.warmed_to("bio", "a1")
    agency.warmed_to("pfp", "a2", bot=agency.worker("b2"))
    agency.time.advance(LEASE)
    return agency.timer


def close_lost_sessions(agency: Agency) -> Call:
    """The timer: a lost session."""
    agency.worker()
    agency.time.advance(1800)
    return lambda: agency.timer("close_lost_sessions")


USE_CASES: tuple[UseCase, ...] = (
    start,
    start_without_session,
    claim,
    content,
    content_taken_over,
    starve,
    complete_phase,
    report_transient,
    report_content,
    release,
    complete_warmup,
    open_session,
    heartbeat,
    end_session,
    create_account,
    ready,
    create_model,
    create_content,
    create_text,
    create_bot,
    rotate_key,
    revoke_key,
    open_due_phases,
    close_lost_sessions,
)
ONCE, BEYOND_THE_SDK = 1, 4
"""How often it goes wrong: the SDK itself tries three times, so that the fourth is the service's."""

Trial = tuple[Fault, int, bool]
TRIALS: tuple[Trial, ...] = (
    # done, but nobody knows: the token makes the next attempt the same write
    (Fault.ANSWER_LOST, ONCE, True),
    (Fault.ANSWER_LATE, BEYOND_THE_SDK, True),
    (Fault.SERVER_ERROR_DONE, ONCE, True),
    # a store that has forgotten the token of the attempt before: the service must find out by itself
    (Fault.ANSWER_LOST, ONCE, False),
    (Fault.SERVER_ERROR_DONE, BEYOND_THE_SDK, False),
    # not done, whether or not that is known
    (Fault.REQUEST_LOST, BEYOND_THE_SDK, True),
    (Fault.SERVER_ERROR, BEYOND_THE_SDK, True),
    (Fault.CONFLICT, BEYOND_THE_SDK, True),
    (Fault.THROTTLED_INSIDE, ONCE, True),
    (Fault.THROTTLED, ONCE, True),
)


FEW = tuple(trial for trial in TRIALS if trial[0] in (Fault.ANSWER_LOST, Fault.CONFLICT))
"""For use cases that write in the same way as others, for which everything is tried."""

WHOLLY = (start_without_session, claim, content_taken_over, starve, complete_phase, report_content, end_session)


def trials_of(use_case: UseCase) -> tuple[Trial, ...]:
    """What goes wrong with the use case."""
    return TRIALS if use_case in WHOLLY else FEW


def told(answer: Any) -> Any:
    """What an answer tells, without what differs from call to call."""
    if not hasattr(answer, "status"):
        return answer
    document = answer.json
    document.pop("request_id", None)
    if isinstance(document.get("content"), dict):
        document["content"].pop("url")  # signed by the clock on the wall
    return answer.status, document


class Bench:
    """One use case, prepared once and run as often as there are trials."""

    def __init__(self, agency: Agency, use_case: UseCase, monkeypatch: pytest.MonkeyPatch) -> None:
        self.agency, self._same = agency, SameRandomness()
        self._call = use_case(agency)
        monkeypatch.setattr(context.sources, "entropy", self._same)
        self._saved, self._now, self._elapsed = agency.wire.save(), agency.time.now, agency.time.elapsed
        self.before = agency.wire.image()
        self.answer, self.after = self.run()
        self.asked = agency.wire.operations()

    def run(self) -> tuple[Any, Image]:
        """The answer and the store after one run from where it was prepared."""
        wire, time = self.agency.wire, self.agency.time
        self._same.begin()
        Store.cached.clear()
        wire.restore(self._saved)
        wire.forget()
        time.now, time.elapsed = self._now, self._elapsed
        return told(self._call()), wire.image()


@pytest.mark.parametrize("use_case", USE_CASES, ids=lambda use_case: str(use_case.__name__))
def test_whatever_goes_wrong_it_is_done_once_and_answered_rightly(
    agency: Agency, use_case: UseCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(agency, use_case, monkeypatch)
    assert bench.after != bench.before, "a use case that changes nothing proves nothing"
    writes = bench.asked.count(WRITE)
    for (fault, times, knows_tokens), place in itertools.product(trials_of(use_case), range(writes)):
        agency.wire.heal()
        agency.wire.knows_tokens = knows_tokens
        agency.wire.fail(fault, WRITE, skip=place, times=times)
        answer, after = bench.run()
        where = f"{fault.name}, {times} times, at write {place + 1}, tokens {'known' if knows_tokens else 'forgotten'}"
        assert agency.wire.faults, where
        assert answer == bench.answer, where
        assert after == bench.after, where
        sent = {call.token: call.body for call in agency.wire.of(WRITE)}
        assert all(call.body == sent[call.token] for call in agency.wire.of(WRITE)), "attempts are equal to the byte"


def test_each_write_has_a_token_of_its_own(agency: Agency) -> None:
    agency.nobody().get("/api/ready").ok()  # from here on nothing is taken from a stage
    agency.warmed_up().complete_warmup().ok()
    writes = agency.wire.of(WRITE)
    assert len({call.token for call in writes}) == len(writes) > 10
    assert all(call.token for call in writes)
    assert not set(agency.wire.operations()) & {"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"}


# reading


@pytest.mark.parametrize("use_case", WHOLLY, ids=lambda use_case: str(use_case.__name__))
def test_a_read_that_fails_once_is_read_again(
    agency: Agency, use_case: UseCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(agency, use_case, monkeypatch)
    faults = itertools.cycle((Fault.REQUEST_LOST, Fault.THROTTLED, Fault.SERVER_ERROR, Fault.ANSWER_LATE))
    for operation in ("BatchGetItem", "Query"):
        for place in range(bench.asked.count(operation)):
            fault = next(faults)
            agency.wire.heal()
            agency.wire.fail(fault, operation, skip=place)
            answer, after = bench.run()
            assert agency.wire.faults
            assert (answer, after) == (bench.answer, bench.after), f"{fault.name} at {operation} {place + 1}"
