"""What a first trial needs: the model `nora`, an item for each category of the standard plan, accounts and bots."""

import hashlib
from collections.abc import Mapping
from typing import Any, Protocol

from warmup.sandbox.pictures import draw

MODEL = "nora"
_USES = 50
_CONSENT = {"granted_by": "Nora", "granted_at": "2026-01-01T00:00:00Z", "reference": "contract 7"}


class Api(Protocol):
    """An operator's way to the service: JSON in, JSON out, or an exception."""

    def post(self, path: str, body: object = None) -> dict[str, Any]: ...

    def upload(self, url: str, fields: Mapping[str, str], data: bytes) -> None: ...


def stock(api: Api) -> None:
    """Make the model, with a picture and a text for each category that the standard plan asks for."""
    api.post("/api/operator/models", {"model_id": MODEL})
    base = f"/api/operator/models/{MODEL}"
    for number, category in enumerate(("pfp", "post", "highlight", "story", "any")):
        picture = draw(number, category, None, category)
        file: dict[str, object] = {
            "media_type": picture.media_type,
            "sha256": hashlib.sha256(picture.data).hexdigest(),
            "bytes": len(picture.data),
        }
        form = api.post(f"{base}/content/uploads", {"filename": f"{category}.png", **file})
        api.upload(form["url"], form["fields"], picture.data)
        api.post(
            f"{base}/content",
            {"content_id": f"{MODEL}-{category}", "media_key": form["media_key"], **_item(category), **file},
        )
    for category in ("bio", "post", "highlight", "any"):
        api.post(
            f"{base}/texts", {"text_id": f"{MODEL}-{category}", "body": f"A text for {category}.", **_item(category)}
        )


def _item(category: str) -> dict[str, object]:
    return {"category": category, "quality_score": 80, "max_usage": _USES}


def account(api: Api, account_id: str) -> None:
    """Make an account of the model that is ready to be warmed up. Items rest for a day between two accounts."""
    body = {"account_id": account_id, "model_id": MODEL, "username": account_id, "consent": _CONSENT}
    api.post("/api/operator/accounts", body)
    api.post(f"/api/operator/accounts/{account_id}/ready", {"reason": "for a first trial"})


def bot_key(api: Api, bot_id: str) -> str:
    """Make a bot; answer its key."""
    return str(api.post("/api/operator/bots", {"bot_id": bot_id})["key"])
