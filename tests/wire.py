"""The store in this process, and the wire to it: every request is counted, checked against DynamoDB's limits, and may
be made to fail.

`Connections.send` is the one place through which all requests pass. Behind it stands `tests/store.py`;
what DynamoDB would refuse by its size or its magnitude is refused here, in DynamoDB's words.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from botocore.exceptions import ConnectionClosedError, ConnectTimeoutError, ReadTimeoutError

from chalicelib.tables.base import CONNECT_SECONDS, READ_SECONDS
from chalicelib.tables.connections import Request, StoreAnswer
from tests.store import DynamoDB, Refused, State, encoded

_ROUND_TRIP = 0.005
Image = dict[str, dict[str, Any]]
"""All that the store holds: items by key, by table."""


class Fault(StrEnum):
    """What can go wrong with one request."""

    REQUEST_LOST = "the request never arrives"
    ANSWER_LOST = "the request is done, its answer never arrives"
    ANSWER_LATE = "the request is done, its answer comes after the time-out"
    CONFLICT = "another transaction is under way on the same item"
    POOL_CONFLICT = "another transaction is under way on the first pool item of this one"
    THROTTLED = "the table is throttled"
    THROTTLED_INSIDE = "an item of the transaction is throttled"
    SERVER_ERROR = "the store answers 500 and has done nothing"
    SERVER_ERROR_DONE = "the store answers 500 although it has done it"
    REFUSED = "the store finds the request invalid: a defect of ours"
    CRASH_BEFORE = "the function is killed before it asks"
    CRASH_AFTER = "the function is killed after the request is done"
    TWICE = "the same bytes arrive twice, the second answer is heard"
    IN_PARTS = "a batch is answered for its first key only, the others are to be asked for again"

    @property
    def is_done(self) -> bool:
        """Whether the request is done all the same."""
        return self in (Fault.ANSWER_LOST, Fault.ANSWER_LATE, Fault.SERVER_ERROR_DONE)


class Killed(BaseException):
    """The function was stopped: nothing after this line is run."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it went over the wire."""

    operation: str
    body: dict[str, Any]

    def rights(self) -> set[tuple[str, str]]:
        """What a policy must allow for it: actions, each with the table (and its index) that it reaches."""
        match self.operation:
            case "TransactWriteItems":
                parts = [next(iter(part.items())) for part in self.body["TransactItems"]]
                names = {"ConditionCheck": "ConditionCheckItem"}
                return {(names.get(verb, f"{verb}Item"), asked["TableName"]) for verb, asked in parts}
            case "BatchGetItem":
                return {(self.operation, table) for table in self.body["RequestItems"]}
            case _:
                index = f"/index/{self.body['IndexName']}" if "IndexName" in self.body else ""
                return {(self.operation, self.body["TableName"] + index)}

    @property
    def token(self) -> str | None:
        """The client request token of a transaction."""
        token: str | None = self.body.get("ClientRequestToken")
        return token


@dataclass(slots=True)
class _Planned:
    fault: Fault
    operation: str
    skip: int
    times: int


@dataclass(slots=True)
class Wire:
    """The wire. `knows_tokens` False is a store that has forgotten the tokens of earlier attempts.

    `took` is told how long each request takes; `at` says what goes wrong with which request. `function` is the
    deployed function that is at work, None where a test itself asks the store; `used` are the rights that each function
    has made use of.
    """

    knows_tokens: bool = True
    took: Callable[[float], None] = lambda _: None
    sent: int = 0
    calls: list[Call] = field(default_factory=list)
    conditions_failed: int = 0
    faults: int = 0
    function: str | None = None
    used: set[tuple[str, str, str]] = field(default_factory=set)
    before: list[Callable[[Call], None]] = field(default_factory=list)
    at: Callable[[int, Call], Fault | None] = lambda *_: None
    _planned: list[_Planned] = field(default_factory=list)
    store: DynamoDB = field(default_factory=DynamoDB)
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock)

    # what a test asks and says

    @contextmanager
    def at_work(self, function: str) -> Iterator[None]:
        """Within it, requests are those of this function."""
        before, self.function = self.function, function
        try:
            yield
        finally:
            self.function = before

    def fail(self, fault: Fault, operation: str = "TransactWriteItems", *, skip: int = 0, times: int = 1) -> None:
        """After `skip` requests of that operation, so many go wrong."""
        self._planned.append(_Planned(fault, operation, skip, times))

    def heal(self) -> None:
        """Lets nothing go wrong any more."""
        self._planned.clear()
        self.at = lambda *_: None

    def forget(self) -> None:
        """Forgets what was asked so far, and the tokens of it."""
        self.calls.clear()
        self.store.tokens.clear()
        self.conditions_failed = self.faults = 0

    def meanwhile(self, act: Callable[[], object], operation: str = "TransactWriteItems") -> None:
        """Does something once, just before the next request of that operation: what another writer does meanwhile."""

        def once(call: Call) -> None:
            with self._one_at_a_time:
                if call.operation != operation or once not in self.before:
                    return
                self.before.remove(once)
            act()

        self.before.append(once)

    def of(self, operation: str) -> list[Call]:
        """The requests of one operation."""
        return [call for call in self.calls if call.operation == operation]

    def operations(self) -> list[str]:
        """What was asked, in order."""
        return [call.operation for call in self.calls]

    # the store

    def image(self) -> Image:
        """All that the store holds."""
        return {
            name: {json.dumps([row[part] for part in table.main.keys]): dict(row) for row in table.rows.values()}
            for name, table in self.store.tables.items()
        }

    def plant(self, table: str, attributes: dict[str, dict[str, Any]]) -> None:
        """Puts an item into the store past the wire, where a test needs many."""
        rows = self.store.tables[table]
        rows.rows[rows.key_of(attributes)] = attributes

    def save(self) -> State:
        """What `restore` takes."""
        return self.store.save()

    def restore(self, saved: State | None) -> None:
        """Makes the store hold what it held; with nothing saved, nothing."""
        self.store.restore(saved or {})

    # the wire

    def send(self, request: Request) -> StoreAnswer:
        """Takes a request over, and answers it."""
        call = Call(request.operation, json.loads(request.body))
        self.sent += 1
        self.calls.append(call)
        if self.function is not None:
            self.used |= {(self.function, *right) for right in call.rights()}
        self.took(_ROUND_TRIP)
        for act in list(self.before):
            act(call)
        fault = self._fault(call, len(self.calls) - 1)
        match fault:
            case Fault.CRASH_BEFORE:
                raise Killed
            case Fault.REQUEST_LOST:
                self.took(CONNECT_SECONDS)
                raise ConnectTimeoutError(endpoint_url=request.url)
            case Fault.CONFLICT:
                return StoreAnswer(*_cancelled(call, "TransactionConflict"))
            case Fault.POOL_CONFLICT:
                return StoreAnswer(*_cancelled(call, "TransactionConflict", _first_pool_item(call)))
            case Fault.THROTTLED_INSIDE:
                return StoreAnswer(*_cancelled(call, "ThrottlingError"))
            case Fault.THROTTLED:
                return StoreAnswer(*_error("ProvisionedThroughputExceededException", "The table is throttled."))
            case Fault.REFUSED:
                return StoreAnswer(*_error("ValidationException", "The secret name is hunter2."))
            case Fault.SERVER_ERROR:
                return StoreAnswer(*_error("InternalServerError", "Something broke.", 500))
            case _:
                pass
        if fault is Fault.IN_PARTS:
            return StoreAnswer(*self._in_parts(call))
        with self._one_at_a_time:
            answered = self._serve(call)
            if fault is Fault.TWICE:
                answered = self._serve(call)
        match fault:
            case Fault.CRASH_AFTER:
                raise Killed
            case Fault.ANSWER_LOST:
                raise ConnectionClosedError(endpoint_url=request.url)
            case Fault.ANSWER_LATE:
                self.took(READ_SECONDS)
                raise ReadTimeoutError(endpoint_url=request.url)
            case Fault.SERVER_ERROR_DONE:
                return StoreAnswer(*_error("InternalServerError", "Something broke.", 500))
            case _:
                return StoreAnswer(*answered)

    def _in_parts(self, call: Call) -> tuple[int, dict[str, str], bytes]:
        """The batch's first key answered, the others given back."""
        asked = call.body["RequestItems"]
        first = next(iter(asked))
        now = {first: {**asked[first], "Keys": asked[first]["Keys"][:1]}}
        later = {**asked, first: {**asked[first], "Keys": asked[first]["Keys"][1:]}}
        status, headers, body = self._serve(Call(call.operation, {"RequestItems": now}))
        left = {name: one for name, one in later.items() if one["Keys"]}
        return status, headers, json.dumps({**json.loads(body), "UnprocessedKeys": left}).encode()

    def _fault(self, call: Call, number: int) -> Fault | None:
        fault = self.at(number, call)
        if fault is not None:
            self.faults += 1
            return fault
        for planned in self._planned:
            if planned.operation != call.operation:
                continue
            if planned.skip:
                planned.skip -= 1
            elif planned.times:
                planned.times -= 1
                self.faults += 1
                return planned.fault
        return None

    def _serve(self, call: Call) -> tuple[int, dict[str, str], bytes]:
        wrong = next(_beyond_limits(call), None)
        if wrong is not None:
            return _error("ValidationException", wrong)
        if not self.knows_tokens:
            self.store.tokens.clear()
        try:
            return (
                200,
                {"content-type": "application/x-amz-json-1.0"},
                encoded(self.store.serve(call.operation, call.body)),
            )
        except Refused as refused:
            self.conditions_failed += any(one["Code"] == "ConditionalCheckFailed" for one in refused.reasons or ())
            more: dict[str, Any] = {} if refused.reasons is None else {"CancellationReasons": refused.reasons}
            more |= {} if refused.item is None else {"Item": refused.item}
            return _error(refused.code, refused.message, **more)


def _error(code: str, message: str, status: int = 400, **more: Any) -> tuple[int, dict[str, str], bytes]:
    document = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message, **more}
    return status, {"content-type": "application/x-amz-json-1.0"}, json.dumps(document).encode()


def _first_pool_item(call: Call) -> int:
    """The place of the first pool item that is written, the first place if none is."""
    written = [one.get("Update", {}).get("TableName", "") for one in call.body["TransactItems"]]
    return next((place for place, name in enumerate(written) if name.endswith(("content", "texts"))), 0)


def _cancelled(call: Call, code: str, place: int = 0) -> tuple[int, dict[str, str], bytes]:
    if call.operation == "UpdateItem":
        return _error("TransactionConflictException", "Transaction is ongoing for the item")
    reasons: list[dict[str, str]] = [{"Code": "None"} for _ in call.body["TransactItems"]]
    reasons[place] = {"Code": code, "Message": "…"}
    told = ", ".join(reason["Code"] for reason in reasons)
    message = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{told}]"
    return _error("TransactionCanceledException", message, CancellationReasons=reasons)


# what DynamoDB refuses and moto does not


def _beyond_limits(call: Call) -> Iterator[str]:
    body = call.body
    match call.operation:
        case "TransactWriteItems":
            if not 1 <= len(body["TransactItems"]) <= 100:
                yield f"a transaction has 1 to 100 items, not {len(body['TransactItems'])}"
            if not 1 <= len(body.get("ClientRequestToken", "-")) <= 36:
                yield "a client request token has 1 to 36 characters"
        case "BatchGetItem":
            keys = [json.dumps([name, key]) for name, one in body["RequestItems"].items() for key in one["Keys"]]
            if not 1 <= len(keys) <= 100 or len(set(keys)) < len(keys):
                yield f"a batch has 1 to 100 different keys, not {len(keys)}"
        case _:
            pass
    if call.operation not in ("CreateTable", "DescribeTable"):
        yield from _bad_values(body)


def _bad_values(body: Any) -> Iterator[str]:
    left = [body]
    while left:
        value = left.pop()
        if isinstance(value, list):
            left.extend(value)
        if not isinstance(value, dict):
            continue
        if len(value) == 1:
            ((kind, held),) = value.items()
            if kind == "S":
                continue  # what it is a value of looks at it
            if kind == "N" and isinstance(held, str) and not _is_number(held):
                yield f"{held[:40]} is no number that can be stored"
            if kind in ("SS", "NS") and not held:
                yield "a set is empty"
        if "Item" in value and len(json.dumps(value["Item"])) > 400_000:
            yield "an item is larger than 400 kB"
        for name in value.keys() & _KEYS.keys():
            one = value[name]
            if isinstance(one, dict) and isinstance(one.get("S"), str):
                size = len(one["S"].encode("utf-8", "surrogatepass"))
                if not 1 <= size <= _KEYS[name]:
                    yield f"the key {name} has {size} bytes"
        left.extend(value.values())


def _is_number(text: str) -> bool:
    number = Decimal(text)
    if not number.is_finite() or len(number.as_tuple().digits) > 38:
        return False
    return number == 0 or Decimal("1E-130") <= abs(number) < Decimal("1E126")


_HASH, _RANGE = 2048, 1024
_KEYS = {
    **dict.fromkeys(("account_id", "content_id", "text_id", "bot_id", "session_id", "model_id", "name"), _HASH),
    **dict.fromkeys(("subject", "queue", "work_shard", "state", "attention", "pool", "live", "actor", "day"), _HASH),
    **dict.fromkeys(("phase", "assignment_id", "pool_rank", "due_at", "work", "updated_at", "expires_at"), _RANGE),
}
