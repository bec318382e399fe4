"""Fills an empty service with the agency, by its operator API and its upload forms only.

One thing cannot be done that way, and is done to the bucket behind the service's back: damaging a file.
"""

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any, Protocol

from warmup.sandbox.agency import Agency, Creator, SeedAccount, SeedMedia, SeedText
from warmup.sandbox.client import Client
from warmup.sandbox.pictures import Picture, draw
from warmup.terminal import counted

_A_LIST = 50
_CONSENT = {"granted_by": "the account's owner", "reference": "sandbox agreement 7"}


class Bucket(Protocol):
    """Where media files lie."""

    def put(self, key: str, data: bytes, media_type: str) -> None: ...


def seed(api: Client, bucket: Bucket, agency: Agency, granted_at: str, say: Callable[[str], None]) -> None:
    """Makes everything that is in the agency and declares its accounts ready."""
    for creator in agency.creators:
        api.post("/api/operator/models", _model(creator))
    say(counted(len(agency.creators), "model"))
    with ThreadPoolExecutor(2, thread_name_prefix="seed") as pool:
        pictures = zip(agency.media, pool.map(_picture, agency.media), strict=True)
        files = [(item, picture, _upload(api, item, picture)) for item, picture in pictures]
    for creator in agency.creators:
        items = [_content(*file) for file in files if file[0].model_id == creator.model_id]
        for some in _batches(items):
            _all_created(api.post(f"/api/operator/models/{creator.model_id}/content", some))
        texts = [_text(text) for text in agency.texts if text.model_id == creator.model_id]
        for some in _batches(texts):
            _all_created(api.post(f"/api/operator/models/{creator.model_id}/texts", some))
    for item, picture, key in files:
        if item.damaged:
            bucket.put(key, picture.data[: len(picture.data) // 2], picture.media_type)
    say(f"{counted(len(agency.media), 'media item')}, {counted(len(agency.texts), 'text')}")
    _accounts(api, agency, granted_at)
    for account in agency.accounts:
        api.post(f"/api/operator/accounts/{account.account_id}/ready", {"reason": "seeded by the sandbox"})
    say(f"{counted(len(agency.accounts), 'account')}, all ready")


def make_bots(api: Client, count: int) -> dict[str, str]:
    """That many bots; their keys by id."""
    names = [f"bot-{number}" for number in range(1, count + 1)]
    return {name: api.post("/api/operator/bots", {"bot_id": name, "name": f"Sandbox {name}"})["key"] for name in names}


def _accounts(api: Client, agency: Agency, granted_at: str) -> None:
    """Each creator's accounts on another of the three ways in: one by one, as CSV, as JSON lines."""
    consent = _CONSENT | {"granted_at": granted_at}
    one_by_one, as_csv, as_lines = (
        [account for account in agency.accounts if account.model_id == creator.model_id] for creator in agency.creators
    )
    for account in one_by_one:
        api.post("/api/operator/accounts", _account(account, consent))
    imports = "/api/operator/accounts/import"
    _all_created(api.post_raw(imports, _csv(as_csv, consent), "text/csv"), "rows")
    lines = "\n".join(json.dumps(_account(account, consent)) for account in as_lines)
    _all_created(api.post_raw(imports, lines.encode(), "application/x-ndjson"), "rows")


def _all_created(answer: dict[str, Any], outcomes: str = "items") -> None:
    refused = [row for row in answer[outcomes] if row["outcome"] == "refused"]
    if refused:
        raise RuntimeError(f"the service refused the seed: {refused[:3]}")


def _csv(accounts: Sequence[SeedAccount], consent: dict[str, str]) -> bytes:
    rows = [_flat(account) | consent for account in accounts]
    file = io.StringIO()
    table = csv.DictWriter(file, fieldnames=list(rows[0]))
    table.writeheader()
    table.writerows(rows)
    return file.getvalue().encode()


def _flat(account: SeedAccount) -> dict[str, str]:
    members = {
        "account_id": account.account_id,
        "model_id": account.model_id,
        "username": account.username,
        "theme": account.theme,
    }
    return {name: value or "" for name, value in members.items()}


def _account(account: SeedAccount, consent: dict[str, str]) -> dict[str, object]:
    return {name: value for name, value in _flat(account).items() if value} | {"consent": consent}


def _model(creator: Creator) -> dict[str, object]:
    return {"model_id": creator.model_id, "name": creator.name, "themes": list(creator.themes)}


def _picture(item: SeedMedia) -> Picture:
    return draw(item.number, item.category, item.theme, item.caption)


def _upload(api: Client, item: SeedMedia, picture: Picture) -> str:
    """Uploads the file with a form of the service; answers its key."""
    file = {
        "filename": f"{item.content_id}.{picture.media_type.partition('/')[2]}",
        "media_type": picture.media_type,
        "bytes": len(picture.data),
        "sha256": hashlib.sha256(picture.data).hexdigest(),
    }
    form = api.post(f"/api/operator/models/{item.model_id}/content/uploads", file)
    api.upload(form["url"], form["fields"], picture.data)
    return str(form["media_key"])


def _content(item: SeedMedia, picture: Picture, key: str) -> dict[str, object]:
    theme = {"theme": item.theme} if item.theme else {}
    return theme | {
        "content_id": item.content_id,
        "category": item.category,
        "quality_score": item.quality,
        "max_usage": item.max_usage,
        "tags": ["sandbox", item.category],
        "media_key": key,
        "media_type": picture.media_type,
        "sha256": hashlib.sha256(picture.data).hexdigest(),
        "bytes": len(picture.data),
        "width": picture.width,
        "height": picture.height,
    }


def _text(text: SeedText) -> dict[str, object]:
    theme = {"theme": text.theme} if text.theme else {}
    return theme | {
        "text_id": text.text_id,
        "category": text.category,
        "quality_score": text.quality,
        "max_usage": text.max_usage,
        "tags": ["sandbox"],
        "body": text.body,
    }


def _batches(items: Sequence[dict[str, object]]) -> Iterator[list[dict[str, object]]]:
    rest = iter(items)
    while some := list(islice(rest, _A_LIST)):
        yield some
