"""`make upgrade`: brings what a stage's tables hold into the shape of this release (docs/schema-changes.md).

Each pass walks a table and writes what is of an older shape, one item at a time, on condition that nobody else wrote
meanwhile. The service goes on; a pass that was interrupted is run again, and what is done is left alone.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import boto3
from botocore.exceptions import ClientError, NoCredentialsError, NoRegionError
from pynamodb.expressions.condition import Condition

from chalicelib import audit, tables, warmups
from chalicelib import context as contexts
from chalicelib.context import Actor, ActorKind, sources
from chalicelib.domain import forgettable, ids, rights
from chalicelib.domain.errors import ServiceError
from chalicelib.domain.leases import is_open
from chalicelib.domain.permissions import Role
from chalicelib.domain.timing import Due, DueQueue
from chalicelib.services import users
from chalicelib.settings import Settings
from chalicelib.tables import Account, AccountProfile, AuditEvent, Bot, Content, Fingerprint, Phase, Text, User, pages
from chalicelib.tables.audit_buckets import bucket_of, day_of
from chalicelib.tables.base import Item, Raw, batch_get
from chalicelib.tables.pools import PoolItem
from chalicelib.tables.transaction import Stale, Transaction
from infrastructure.deploy import explained, say, stack_name
from infrastructure.resources import STAGES

ItemT = TypeVar("ItemT", bound=Item)
_PAGE = 100
_TOLD_EVERY = 1000


def _all(model: type[ItemT]) -> Iterator[ItemT]:
    after: Raw | None = None
    while True:
        found, after = pages.everything(model, limit=_PAGE, after=after)
        yield from found
        if after is None:
            return


def _written(settings: Settings, item: Item, condition: Condition | None, *beside: Item) -> bool:
    """Writes what has changed of an item, and new items beside it; returns whether nobody had written it meanwhile."""
    transaction = Transaction(contexts.begin(settings, Actor(ActorKind.OPERATOR, "deployer")))
    for one in beside:
        transaction.put(one)
    transaction.update(item, condition)
    try:
        transaction.commit()
    except Stale:
        return False
    return True


def rank_items(settings: Settings) -> Iterator[bool]:
    """Ranks the items of all pools again that were ranked when a success was counted at completion.

    For each item whether it was written.
    """
    for kind in (Content, Text):
        for item in _all(kind):
            yield _rank(settings, item)


def _rank(settings: Settings, found: PoolItem) -> bool:
    item: PoolItem | None = found
    while item is not None and item.before("penalty") is None:
        if _written(settings, item, item.revise(item.updated_at)):
            return True
        (item,) = batch_get([(type(item), item.item_id)])
    return False


def sort_events(settings: Settings) -> Iterator[bool]:
    """Puts the events of an earlier release where the index by day finds them: for each, whether it was written."""
    for event in _all(AuditEvent):
        if event.bucket is None:
            event.bucket = bucket_of(day_of(event.at), event.actor)
            yield _written(settings, event, AuditEvent.subject.exists())  # DynamoDB may have dropped it meanwhile
        else:
            yield False


def give_work_keys(settings: Settings) -> Iterator[bool]:
    """Gives accounts that wait for something the keys of the work index, and what is held its queue.

    For each account whether it was written. What changes meanwhile is written by the service itself, with its keys.
    """
    for account in _all(Account):
        yield _give_work_key(settings, account)


def _give_work_key(settings: Settings, account: Account) -> bool:
    if account.queue is None or account.due_at is None:
        return False
    queue, _, shard = account.queue.partition("#")
    due = Due(DueQueue.LEASED if is_open(account.lease) else DueQueue(queue), account.due_at)
    account.wait_in(due, int(shard))
    unchanged = (Account.version == account.version) & (Account.due_at == account.due_at)
    return bool(account.changes()) and _written(settings, account, unchanged)


def hold_phases(settings: Settings) -> Iterator[bool]:
    """Has accounts hold their current phase themselves, and names the phases that have ended.

    For each account whether it was written. What changes meanwhile is written so by the service itself.
    """
    for account in _all(Account):
        yield account.phase_versions is not None and _hold_phase(settings, account)


def _hold_phase(settings: Settings, account: Account) -> bool:
    found = batch_get([(Phase, account.account_id, name) for name in account.phase_rows])
    rows = {row.name: row for row in found if row is not None}
    if rows.keys() != account.phase_rows or any(row.version > account.version for row in rows.values()):
        return False  # the service has changed it since
    warmups.keep_phases(account, warmups.view(account, rows), rows)
    return _written(settings, account, Account.version == account.version)


def move_consents(settings: Settings) -> Iterator[bool]:
    """Moves the consents that accounts keep themselves to their profiles: for each account whether it was written."""
    for account in _all(Account):
        yield account.consent is not None and _move_consent(settings, account)


def _move_consent(settings: Settings, account: Account) -> bool:
    profile = AccountProfile(account_id=account.account_id, consent=account.consent)
    account.consented, account.consent = True, None
    return _written(settings, account, Account.version == account.version, profile)


def move_operators(settings: Settings) -> Iterator[bool]:
    """Moves operators from the bots to the users, as admins, with their keys: for each bot whether it was one."""
    context = contexts.begin(settings, Actor(ActorKind.OPERATOR, "deployer", role=Role.ADMIN), seconds=60)
    for bot in _all(Bot):
        yield bot.role is ActorKind.OPERATOR and users.move(context, bot.bot_id)


def mark_files(settings: Settings) -> Iterator[bool]:
    """Marks the files of items withdrawn before that took effect in all models: for each item whether it was written.

    An item in whose place another one came marks nothing.
    """
    for item in _all(Content):
        yield rights.is_withdrawn(item.status) and _mark_file(settings, item)


def _mark_file(settings: Settings, item: Content) -> bool:
    own, mark = batch_get([(Fingerprint, item.fingerprint), (Fingerprint, item.file)])
    if mark is not None or own is None or own.item_id != item.item_id:
        return False
    transaction = Transaction(contexts.begin(settings, Actor(ActorKind.OPERATOR, "deployer")))
    mark = Fingerprint(fingerprint=item.file, item_id=item.item_id, created_at=item.updated_at)
    transaction.put(mark, mark.is_absent())
    transaction.update(item, Content.status == item.status)
    try:
        transaction.commit()
    except Stale:
        return False
    return True


def part_words(settings: Settings) -> Iterator[bool]:
    """Moves the words of persons in the events of accounts to rows of their own: for each event whether it had any."""
    for event in _all(AuditEvent):
        yield _part_words(settings, event)


def _part_words(settings: Settings, event: AuditEvent) -> bool:
    context = contexts.begin(settings, Actor(ActorKind.OPERATOR, "deployer"))
    kept, words = audit.words_apart(context, event.subject, event.sequence, event.details or {})
    if words is None or event.previous is not None:  # the chain holds what an event has said
        return False
    words.kept_until = event.kept_until
    event.details, event.words = dict(kept), forgettable.seal(words.words, words.salt or "")
    return _written(settings, event, AuditEvent.words.does_not_exist() & AuditEvent.subject.exists(), words)


def claim_names(settings: Settings) -> Iterator[bool]:
    """Claims the ids of bots and users, whatever the case of their letters: for each whether it was written."""
    for name in (*(one.bot_id for one in _all(Bot)), *(one.user_id for one in _all(User))):
        claim = Fingerprint(fingerprint=ids.name_claim(name), item_id=name, created_at=sources.clock())
        (before,) = batch_get([(Fingerprint, claim.fingerprint)])
        yield before is None and _put(settings, claim)


def _put(settings: Settings, item: Item) -> bool:
    transaction = Transaction(contexts.begin(settings, Actor(ActorKind.OPERATOR, "deployer")))
    transaction.put(item, item.is_absent())
    try:
        transaction.commit()
    except Stale:
        return False
    return True


PASSES: Mapping[str, Callable[[Settings], Iterator[bool]]] = {
    "items ranked again": rank_items,
    "events sorted by day": sort_events,
    "accounts given the keys of the work index": give_work_keys,
    "accounts that hold their current phase": hold_phases,
    "consents moved to the profiles": move_consents,
    "operators moved to the users": move_operators,
    "files of withdrawn items marked": mark_files,
    "events parted from their words": part_words,
    "ids of bots and users claimed": claim_names,
}


def upgrade(settings: Settings) -> dict[str, tuple[int, int]]:
    """Runs all passes: for each, how many rows it wrote, and of how many."""
    done = {}
    for name, run in PASSES.items():
        written = read = 0
        for wrote in run(settings):
            written, read = written + wrote, read + 1
            if read % _TOLD_EVERY == 0:
                say(f"{written} {name}, of {read} …")
        done[name] = (written, read)
    return done


def _settings(stage: str) -> Settings:
    (stack,) = boto3.client("cloudformation").describe_stacks(StackName=stack_name(stage))["Stacks"]
    prefix = next(one["ParameterValue"] for one in stack["Parameters"] if one["ParameterKey"] == "TablePrefix")
    return Settings(table_prefix=prefix)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command: python -m infrastructure.upgrade --stage prod."""
    parser = argparse.ArgumentParser(prog="make upgrade", description=__doc__.partition("\n")[0])
    parser.add_argument("--stage", choices=STAGES, required=True)
    asked: Any = parser.parse_args(arguments)
    region = boto3.session.Session().region_name
    try:
        if region is None:
            raise NoRegionError()
        os.environ.setdefault("AWS_DEFAULT_REGION", region)  # the service looks for it there alone
        settings = _settings(asked.stage)
        tables.bind(settings, calls_aws=True)
        for name, (written, read) in upgrade(settings).items():
            print(f"{written} {name}, of {read}")
    except (ClientError, NoCredentialsError, NoRegionError, ServiceError) as error:
        sys.exit(f"make upgrade: {explained(error)}")


if __name__ == "__main__":
    main()
