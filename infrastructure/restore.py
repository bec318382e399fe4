"""`make restore`: brings a stage's tables, or one account, back to what restored tables hold (docs/operations.md).

AWS restores a backup into a new table only; the stage's own tables keep their names, their indexes and their policies,
and get the items. Run it while the pipeline is paused: what is written meanwhile may be lost. It may be run again.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import boto3
from botocore.exceptions import ClientError, NoCredentialsError, NoRegionError

from chalicelib.tables import NAMES
from infrastructure.deploy import explained, say, stack_name
from infrastructure.resources import STAGES

Row = dict[str, Any]
_AT_ONCE = 25
_TOLD_EVERY = 2.0
_OF_ACCOUNTS = ("accounts", "profiles", "warmup_phases", "content_assignments", "audit_events")


def restore(stage: str, source: str, account_id: str | None = None) -> dict[str, tuple[int, int]]:
    """Copies what the tables `source`… hold into the stage's own, and takes out what they do not hold.

    With an account, that account alone. Reports for each table how many items were put and taken out.
    Raises LookupError where there is no table of that name.
    """
    client = boto3.client("dynamodb")
    (stack,) = boto3.client("cloudformation").describe_stacks(StackName=stack_name(stage))["Stacks"]
    prefix = next(one["ParameterValue"] for one in stack["Parameters"] if one["ParameterKey"] == "TablePrefix")
    existing = set(_table_names(client))
    wanted = sorted(NAMES.values() if account_id is None else _OF_ACCOUNTS)
    found = [name for name in wanted if source + name in existing]
    if not found:
        raise LookupError(f"there is no table {source}{wanted[0]}, nor another that begins so")
    return {name: _bring_back(client, source + name, prefix + name, account_id) for name in found}


def _table_names(client: Any) -> Iterator[str]:
    for page in client.get_paginator("list_tables").paginate():
        yield from page["TableNames"]


def _bring_back(client: Any, source: str, target: str, account_id: str | None) -> tuple[int, int]:
    keys = [one["AttributeName"] for one in client.describe_table(TableName=target)["Table"]["KeySchema"]]
    held: set[str] = set()
    put = taken = 0
    told = time.monotonic()
    for rows in _batches(_rows(client, source, account_id)):
        _write(client, target, [{"PutRequest": {"Item": row}} for row in rows])
        held |= {_identity(row, keys) for row in rows}
        put += len(rows)
        if time.monotonic() - told > _TOLD_EVERY:
            told = time.monotonic()
            say(f"{target}: {put} items brought back …")
    later = (row for row in _rows(client, target, account_id) if _identity(row, keys) not in held)
    for rows in _batches(later):
        _write(client, target, [{"DeleteRequest": {"Key": {key: row[key] for key in keys}}} for row in rows])
        taken += len(rows)
    say(f"{target}: {put} items brought back, {taken} taken out")
    return put, taken


def _rows(client: Any, table: str, account_id: str | None) -> Iterator[Row]:
    for page in client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
        yield from (row for row in page["Items"] if account_id is None or _is_of(row, account_id))


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while some := list(islice(rows, _AT_ONCE)):
        yield some


def _is_of(row: Row, account_id: str) -> bool:
    return account_id in (
        row.get("account_id", {}).get("S"),
        row.get("subject", {}).get("S", "").removeprefix("account:"),
    )


def _identity(row: Row, keys: Sequence[str]) -> str:
    return json.dumps([row[key] for key in keys])


def _write(client: Any, table: str, requests: list[Any]) -> None:
    wait = 0.05
    while requests:
        requests = client.batch_write_item(RequestItems={table: requests})["UnprocessedItems"].get(table, [])
        if requests:
            time.sleep(wait)
            wait = min(wait * 2, 2.0)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command: python -m infrastructure.restore --stage prod --source restored- [--only ACCOUNT]."""
    parser = argparse.ArgumentParser(prog="make restore", description=__doc__.partition("\n")[0])
    parser.add_argument("--stage", choices=STAGES, required=True)
    parser.add_argument("--source", required=True, help="what the names of the restored tables begin with")
    parser.add_argument("--only", metavar="ACCOUNT", help="this account alone")
    asked: Any = parser.parse_args(arguments)
    try:
        for name, (put, taken) in restore(asked.stage, asked.source, asked.only).items():
            print(f"{name:20} {put:8} brought back {taken:8} taken out")
    except (ClientError, LookupError, NoCredentialsError, NoRegionError) as error:
        sys.exit(f"make restore: {explained(error)}")


if __name__ == "__main__":
    main()
