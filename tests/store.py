"""DynamoDB in this process, as far as the service asks it: transactions with tokens, batches, queries, scans.

Rows are never changed, only replaced, so that a whole state is kept and brought back in microseconds: the tests that
try every fault and every order of calls live on that. What an expression holds that is not known here is an error, and
`tests/engine/test_store.py` asks AWS's own engine the same and compares.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any

Row = Mapping[str, Any]
"""An item as it goes over the wire: attributes by name, each with its type. Never changed."""
Key = tuple[str, ...]
Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Index:
    """A table's keys or those of one of its indexes; `kept` are the attributes that it shows, None all."""

    keys: tuple[str, ...]
    kept: frozenset[str] | None = None


class Refused(Exception):
    """The store refuses a request, in DynamoDB's words."""

    def __init__(
        self,
        code: str,
        message: str,
        reasons: Sequence[Mapping[str, Any]] | None = None,
        item: Mapping[str, Any] | None = None,
    ) -> None:
        """`reasons`: why a transaction was cancelled, one for each of its items; `item`: what a condition refused."""
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.reasons, self.item = code, message, reasons, item


@dataclass(slots=True)
class Table:
    """One table."""

    name: str
    main: Index
    indexes: dict[str, Index]
    rows: dict[Key, Row] = field(default_factory=dict)

    def key_of(self, row: Row) -> Key:
        """The row's primary key."""
        return tuple(_scalar(row[name]) for name in self.main.keys)


State = dict[str, dict[Key, Row]]
"""All rows of all tables."""


@dataclass(slots=True)
class DynamoDB:
    """The store. `behind` is an older state that the indexes still show, None when they have caught up."""

    tables: dict[str, Table] = field(default_factory=dict)
    behind: State | None = None
    tokens: dict[str, Body] = field(default_factory=dict)

    def save(self) -> State:
        """What `restore` takes."""
        return {name: dict(table.rows) for name, table in self.tables.items()}

    def restore(self, state: State) -> None:
        """Makes the tables hold what they held."""
        for name, table in self.tables.items():
            table.rows = dict(state.get(name, {}))

    def serve(self, operation: str, body: Body) -> Body:
        """The answer to a request. Raises Refused; LookupError for what is not known here."""
        served: dict[str, Callable[[Body], Body]] = {
            "CreateTable": self._create,
            "DescribeTable": self._describe,
            "UpdateTimeToLive": lambda _: {},  # nothing expires here, as nothing does for days in DynamoDB
            "BatchGetItem": self._batch,
            "GetItem": self._get,
            "Query": self._query,
            "Scan": self._scan,
            "TransactWriteItems": self._transact,
            "UpdateItem": self._update,
        }
        return served[operation](body)

    def _table(self, name: str) -> Table:
        if name not in self.tables:
            raise Refused("ResourceNotFoundException", f"There is no table {name}.")
        return self.tables[name]

    # tables

    def _create(self, body: Body) -> Body:
        main = Index(_keys(body["KeySchema"]))
        indexes = {}
        for one in body.get("GlobalSecondaryIndexes", ()):
            keys, projection = _keys(one["KeySchema"]), one["Projection"]
            kept = None
            if projection["ProjectionType"] != "ALL":
                kept = frozenset({*keys, *main.keys, *projection.get("NonKeyAttributes", ())})
            indexes[one["IndexName"]] = Index(keys, kept)
        self.tables[body["TableName"]] = Table(body["TableName"], main, indexes)
        return self._describe(body)

    def _describe(self, body: Body) -> Body:
        table = self._table(body["TableName"])
        active = [{"IndexName": name, "IndexStatus": "ACTIVE"} for name in table.indexes]
        description = {"TableName": table.name, "TableStatus": "ACTIVE", "GlobalSecondaryIndexes": active}
        return {"TableDescription": description, "Table": description}

    # reading

    def _get(self, body: Body) -> Body:
        table = self._table(body["TableName"])
        row = table.rows.get(table.key_of(body["Key"]))
        return {} if row is None else {"Item": row}

    def _batch(self, body: Body) -> Body:
        found: dict[str, list[Row]] = {}
        for name, asked in body["RequestItems"].items():
            table = self._table(name)
            rows = (table.rows.get(table.key_of(key)) for key in asked["Keys"])
            found[name] = [row for row in rows if row is not None]
        return {"Responses": found, "UnprocessedKeys": {}}

    def _query(self, body: Body) -> Body:
        table = self._table(body["TableName"])
        index = table.indexes[body["IndexName"]] if "IndexName" in body else table.main
        rows = table.rows
        if index is not table.main and self.behind is not None:
            rows = self.behind.get(table.name, {})
        asked = _condition(body["KeyConditionExpression"])
        names, values = body.get("ExpressionAttributeNames", {}), body.get("ExpressionAttributeValues", {})
        found = [row for row in rows.values() if all(key in row for key in index.keys) and asked(row, names, values)]
        order = (*index.keys[1:], *(key for key in table.main.keys if key not in index.keys))
        return _page(table, index, found, order, body)

    def _scan(self, body: Body) -> Body:
        table = self._table(body["TableName"])
        return _page(table, table.main, list(table.rows.values()), table.main.keys, body)

    # writing

    def _update(self, body: Body) -> Body:
        table = self._table(body["TableName"])
        key = table.key_of(body["Key"])
        row = table.rows.get(key)
        if (reason := _reason(row, body))["Code"] != "None":
            raise Refused("ConditionalCheckFailedException", "The conditional request failed", item=reason.get("Item"))
        written = _written("Update", row, body)
        assert written is not None
        table.rows[key] = written
        if body.get("ReturnValues") != "ALL_NEW":
            raise LookupError(body.get("ReturnValues"))
        return {"Attributes": written}

    def _transact(self, body: Body) -> Body:
        token = body.get("ClientRequestToken")
        if token in self.tokens:
            if self.tokens[token] != body:
                raise Refused("IdempotentParameterMismatchException", "The token was used with other parameters.")
            return {}
        written: list[tuple[Table, Key, Row | None]] = []
        reasons: list[Mapping[str, Any]] = []
        for item in body["TransactItems"]:
            ((verb, asked),) = item.items()
            table = self._table(asked["TableName"])
            key = table.key_of(asked["Item"] if verb == "Put" else asked["Key"])
            if any(table is other and key == known for other, known, _ in written):
                raise Refused("ValidationException", "A transaction cannot hold two operations on one item.")
            row = table.rows.get(key)
            reasons.append(_reason(row, asked))
            written.append((table, key, _written(verb, row, asked)))
        if any(reason["Code"] != "None" for reason in reasons):
            told = ", ".join(reason["Code"] for reason in reasons)
            raise Refused("TransactionCanceledException", f"Transaction cancelled, for [{told}]", reasons)
        for (table, key, row), item in zip(written, body["TransactItems"], strict=True):
            if "ConditionCheck" in item:
                continue
            if row is None:
                table.rows.pop(key, None)
            else:
                table.rows[key] = row
        if token is not None:
            self.tokens[token] = body
        return {}


def _keys(schema: Sequence[Mapping[str, str]]) -> tuple[str, ...]:
    return tuple(one["AttributeName"] for one in sorted(schema, key=lambda one: one["KeyType"]))  # HASH, RANGE


def _scalar(value: Mapping[str, str]) -> str:
    ((kind, text),) = value.items()
    return f"{Decimal(text):f}" if kind == "N" else text


def _place(row: Row, order: Sequence[str]) -> list[Any]:
    return [_comparable(row[name]) for name in order]


def _page(table: Table, index: Index, found: list[Row], order: Sequence[str], body: Body) -> Body:
    forward = body.get("ScanIndexForward", True)
    found.sort(key=lambda row: _place(row, order), reverse=not forward)
    start = body.get("ExclusiveStartKey")
    if start is not None:
        left = _place(start, order)
        found = [row for row in found if (_place(row, order) > left if forward else _place(row, order) < left)]
    limit = body.get("Limit")
    page = found if limit is None else found[:limit]
    answer: Body = {"Count": len(page), "ScannedCount": len(page)}
    if limit is not None and len(page) == limit:  # DynamoDB says so also where nothing is left
        answer["LastEvaluatedKey"] = {name: page[-1][name] for name in {*index.keys, *table.main.keys}}
    if body.get("Select") != "COUNT":
        kept = index.kept
        answer["Items"] = [
            row if kept is None else {name: value for name, value in row.items() if name in kept} for row in page
        ]
    return answer


def _reason(row: Row | None, asked: Body) -> Mapping[str, Any]:
    expression = asked.get("ConditionExpression")
    names, values = asked.get("ExpressionAttributeNames", {}), asked.get("ExpressionAttributeValues", {})
    if expression is None or _condition(expression)(row or {}, names, values):
        return {"Code": "None"}
    reason: dict[str, Any] = {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}
    if asked.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" and row is not None:
        reason["Item"] = row
    return reason


def _written(verb: str, row: Row | None, asked: Body) -> Row | None:
    match verb:
        case "Put":
            return dict(asked["Item"])
        case "Update":
            names, values = asked.get("ExpressionAttributeNames", {}), asked.get("ExpressionAttributeValues", {})
            return _update(asked["UpdateExpression"])({**asked["Key"], **(row or {})}, names, values)
        case "Delete":
            return None
        case "ConditionCheck":
            return row
        case _:
            raise LookupError(verb)


# expressions: parsed once, as functions of a row, the names and the values

Names = Mapping[str, str]
Values = Mapping[str, Any]
Condition = Callable[[Row, Names, Values], bool]
Operand = Callable[[Row, Names, Values], Any]
Update = Callable[[Row, Names, Values], Row]

_TOKEN = re.compile(r"\s*(<>|<=|>=|[()=<>,+-]|[#:]?\w+)")
_COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
}


def _comparable(value: Mapping[str, Any]) -> Any:
    ((kind, held),) = value.items()
    if kind == "N":
        return Decimal(held)
    return held.encode() if kind == "S" else held


def _equal(one: Any, other: Any) -> bool:
    if one is None or other is None or set(one) != set(other):
        return False
    ((kind, held),) = one.items()
    if kind == "N":
        return Decimal(held) == Decimal(other[kind])
    return bool(sorted(held) == sorted(other[kind])) if kind in ("SS", "NS") else bool(one == other)


class _Parser:
    """Reads one expression."""

    def __init__(self, text: str) -> None:
        self._left = _TOKEN.findall(text)
        assert "".join(self._left) == re.sub(r"\s", "", text), text

    def next(self) -> str:
        return self._left[0] if self._left else ""

    def take(self, *expected: str) -> str:
        token: str = self._left.pop(0)
        if expected and token not in expected:
            raise LookupError(f"{token!r} where one of {expected} was expected")
        return token

    def done(self) -> None:
        if self._left:
            raise LookupError(f"{self._left} is left over")

    # conditions

    def either(self) -> Condition:
        parts = [self.both()]
        while self.next() == "OR":
            self.take()
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else lambda *at: any(part(*at) for part in parts)

    def both(self) -> Condition:
        parts = [self.one()]
        while self.next() == "AND":
            self.take()
            parts.append(self.one())
        return parts[0] if len(parts) == 1 else lambda *at: all(part(*at) for part in parts)

    def one(self) -> Condition:
        match self.next():
            case "NOT":
                self.take()
                inner = self.one()
                return lambda *at: not inner(*at)
            case "(":
                self.take()
                inside = self.either()
                self.take(")")
                return inside
            case "attribute_exists" | "attribute_not_exists" as word:
                self.take()
                (path,) = self.arguments()
                return lambda *at: (path(*at) is None) == (word == "attribute_not_exists")
            case "begins_with":
                self.take()
                path, prefix = self.arguments()
                return lambda *at: path(*at) is not None and path(*at)["S"].startswith(prefix(*at)["S"])
            case "contains":
                self.take()
                path, part = self.arguments()
                return lambda *at: path(*at) is not None and part(*at)["S"] in next(iter(path(*at).values()))
            case _:
                return self.comparison()

    def arguments(self) -> list[Operand]:
        self.take("(")
        found = [self.operand()]
        while self.take(",", ")") == ",":
            found.append(self.operand())
        return found

    def comparison(self) -> Condition:
        left = self.operand()
        match self.take():
            case "=":
                right = self.operand()
                return lambda *at: _equal(left(*at), right(*at))
            case "<>":
                right = self.operand()
                return lambda *at: not _equal(left(*at), right(*at))
            case "IN":
                among = self.arguments()
                return lambda *at: any(_equal(left(*at), one(*at)) for one in among)
            case "BETWEEN":
                low = self.operand()
                self.take("AND")
                high = self.operand()
                return lambda *at: _ordered("<=", low(*at), left(*at)) and _ordered("<=", left(*at), high(*at))
            case sign:
                right = self.operand()
                return lambda *at: _ordered(sign, left(*at), right(*at))

    def operand(self) -> Operand:
        token = self.take()
        if token.startswith(":"):
            return lambda _row, _names, values: values[token]
        if token == "size":
            (path,) = self.arguments()
            return lambda *at: None if path(*at) is None else {"N": str(len(next(iter(path(*at).values()))))}
        if token == "if_not_exists":
            path, default = self.arguments()
            return lambda *at: default(*at) if path(*at) is None else path(*at)
        return lambda row, names, _values: row.get(names.get(token, token))

    def path(self) -> str:
        token = self.take()
        assert token.startswith("#") or token.isidentifier(), token
        return token

    # updates

    def update(self) -> Update:
        steps: list[Callable[[dict[str, Any], Row, Names, Values], None]] = []
        while self.next():
            clause = self.take("SET", "REMOVE", "ADD", "DELETE")
            while True:
                steps.append(self.step(clause))
                if self.next() != ",":
                    break
                self.take()

        def updated(row: Row, names: Names, values: Values) -> Row:
            new = dict(row)
            for step in steps:
                step(new, row, names, values)
            return new

        return updated

    def step(self, clause: str) -> Callable[[dict[str, Any], Row, Names, Values], None]:
        path = self.path()
        if clause == "REMOVE":
            return lambda new, _row, names, _values: _drop(new, names.get(path, path))
        if clause == "SET":
            self.take("=")
            value = self.sum()
            return lambda new, *at: new.__setitem__(at[1].get(path, path), _present(value(*at)))
        given = self.operand()
        change = _added if clause == "ADD" else _less

        def changed(new: dict[str, Any], row: Row, names: Names, values: Values) -> None:
            name = names.get(path, path)
            result = change(row.get(name), given(row, names, values))
            _drop(new, name) if result is None else new.__setitem__(name, result)

        return changed

    def sum(self) -> Operand:
        left = self.operand()
        if self.next() not in ("+", "-"):
            return left
        factor = Decimal(1 if self.take() == "+" else -1)
        right = self.operand()
        return lambda *at: _number(Decimal(_present(left(*at))["N"]) + factor * Decimal(right(*at)["N"]))


def _ordered(sign: str, one: Any, other: Any) -> bool:
    if one is None or other is None or set(one) != set(other):
        return False
    return _COMPARED[sign](_comparable(one), _comparable(other))


def _present(value: Any) -> Any:
    if value is None:
        raise Refused("ValidationException", "An expression names an attribute that the item does not have.")
    return value


def _drop(row: dict[str, Any], name: str) -> None:
    row.pop(name, None)


def _number(number: Decimal) -> Row:
    return {"N": f"{number.normalize():f}"}


def _added(held: Any, given: Any) -> Any:
    ((kind, more),) = given.items()
    if held is None:
        return given
    if kind not in held:
        raise Refused("ValidationException", "An operand has the wrong type.")
    if kind == "N":
        return _number(Decimal(held["N"]) + Decimal(more))
    return {kind: sorted({*held[kind], *more})}


def _less(held: Any, given: Any) -> Any:
    ((kind, gone),) = given.items()
    left = sorted(set((held or {kind: []})[kind]) - set(gone))
    return {kind: left} if left else None


@cache
def _condition(text: str) -> Condition:
    parser = _Parser(text)
    found = parser.either()
    parser.done()
    return found


@cache
def _update(text: str) -> Update:
    return _Parser(text).update()


def encoded(document: Any) -> bytes:
    """An answer as it goes over the wire."""
    return json.dumps(document).encode()
