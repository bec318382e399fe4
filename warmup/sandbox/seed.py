"""Fills an empty service with the agency, by its operator API and its upload forms only.

One thing cannot be done that way, and is done in the bucket, past the service: damaging a file.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Protocol, TypeVar

from warmup.api.models import (
    ConsentBody,
    ContentBody,
    ContentOutcomes,
    ImportedAccount,
    RefusedEntry,
    TextBody,
    TextOutcomes,
)
from warmup.client import Client
from warmup.sandbox import stock
from warmup.sandbox.agency import Agency, SeedAccount, SeedMedia, SeedText
from warmup.sandbox.pictures import Picture, draw
from warmup.terminal import counted

T = TypeVar("T")
_BATCH = 50
_CONSENT = {"granted_by": "the account's owner", "reference": "sandbox agreement 7"}


class Bucket(Protocol):
    """The bucket of the media files."""

    def put(self, key: str, data: bytes, media_type: str) -> None: ...


def seed(operator: Client, bucket: Bucket, agency: Agency, granted_at: str, say: Callable[[str], None]) -> None:
    """Make everything that is in the agency, and mark its accounts as ready."""
    for creator in agency.creators:
        operator.models.create(model_id=creator.model_id, name=creator.name, themes=list(creator.themes))
    say(counted(len(agency.creators), "model"))
    _media(operator, bucket, agency)
    for creator in agency.creators:
        texts = [_text(text) for text in agency.texts if text.model_id == creator.model_id]
        for batch in _batches(texts):
            _check_created(operator.texts.create(creator.model_id, batch))
    say(f"{counted(len(agency.media), 'media item')}, {counted(len(agency.texts), 'text')}")
    _accounts(operator, agency, granted_at)
    for account in agency.accounts:
        operator.accounts.ready(account.account_id, reason="seeded by the sandbox")
    say(f"{counted(len(agency.accounts), 'account')}, all ready")


def _media(operator: Client, bucket: Bucket, agency: Agency) -> None:
    with ThreadPoolExecutor(2, thread_name_prefix="seed") as pool:
        pictures = zip(agency.media, pool.map(_picture, agency.media), strict=True)
        files = [
            (item, picture, _content(item, stock.uploaded(operator, item.model_id, item.content_id, picture)))
            for item, picture in pictures
        ]
    for creator in agency.creators:
        for batch in _batches([content for item, _, content in files if item.model_id == creator.model_id]):
            _check_created(operator.content.create(creator.model_id, batch))
    for item, picture, content in files:
        if item.damaged:
            bucket.put(content.media_key, picture.data[: len(picture.data) // 2], picture.media_type)


def make_bots(operator: Client, count: int) -> dict[str, str]:
    """Make that many bots, and return their keys by id."""
    return {name: stock.bot_key(operator, name) for name in (f"bot-{number}" for number in range(1, count + 1))}


def _accounts(operator: Client, agency: Agency, granted_at: str) -> None:
    """Create each creator's accounts in another of the three ways: one by one, as CSV, as JSON lines."""
    consent = _CONSENT | {"granted_at": granted_at}
    one_by_one, as_csv, as_lines = (
        [account for account in agency.accounts if account.model_id == creator.model_id] for creator in agency.creators
    )
    for account in one_by_one:
        operator.accounts.create(
            account_id=account.account_id,
            model_id=account.model_id,
            username=account.username,
            theme=account.theme,
            consent=ConsentBody.model_validate(consent),
        )
    _check_imported(operator.accounts.import_all(_csv(as_csv, consent)).rows)
    lines = "\n".join(json.dumps(_account(account) | {"consent": consent}) for account in as_lines)
    _check_imported(operator.accounts.import_all(lines, media_type="application/x-ndjson").rows)


def _check_created(answer: object) -> None:
    if not isinstance(answer, ContentOutcomes | TextOutcomes):
        raise TypeError(f"a list was sent, and {type(answer).__name__} was answered")
    _refuse([row for row in answer.items if isinstance(row, RefusedEntry)])


def _check_imported(rows: Sequence[ImportedAccount]) -> None:
    _refuse([row for row in rows if row.outcome == "refused"])


def _refuse(refused: Sequence[object]) -> None:
    if refused:
        raise RuntimeError(f"the service refused the seed: {refused[:3]}")


def _csv(accounts: Sequence[SeedAccount], consent: dict[str, str]) -> str:
    rows = [_account(account) | consent for account in accounts]
    file = io.StringIO()
    table = csv.DictWriter(file, fieldnames=["account_id", "model_id", "username", "theme", *consent])
    table.writeheader()
    table.writerows(rows)
    return file.getvalue()


def _account(account: SeedAccount) -> dict[str, object]:
    members = {
        "account_id": account.account_id,
        "model_id": account.model_id,
        "username": account.username,
        "theme": account.theme,
    }
    return {name: value for name, value in members.items() if value}


def _picture(item: SeedMedia) -> Picture:
    return draw(item.number, item.category, item.theme, item.caption)


def _content(item: SeedMedia, file: dict[str, object]) -> ContentBody:
    members = {
        "content_id": item.content_id,
        "category": item.category,
        "quality_score": item.quality,
        "max_usage": item.max_usage,
        "tags": ["sandbox", item.category],
        **({"theme": item.theme} if item.theme else {}),
    }
    return ContentBody.model_validate(members | file)


def _text(text: SeedText) -> TextBody:
    members = {
        "text_id": text.text_id,
        "category": text.category,
        "quality_score": text.quality,
        "max_usage": text.max_usage,
        "tags": ["sandbox"],
        "body": text.body,
        **({"theme": text.theme} if text.theme else {}),
    }
    return TextBody.model_validate(members)


def _batches(items: Sequence[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while batch := list(islice(rest, _BATCH)):
        yield batch
