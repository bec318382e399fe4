"""What a first trial needs: the model `nora`, an item for each category of the standard plan, accounts and bots."""

import hashlib

from warmup.api.models import ConsentBody, ContentBody, TextBody
from warmup.client import Client
from warmup.sandbox.pictures import Picture, draw

MODEL = "nora"
_USES = 50
_CONSENT = ConsentBody(granted_by="Nora", granted_at="2026-01-01T00:00:00Z", reference="contract 7")


def stock(operator: Client) -> None:
    """Make the model, with a picture and a text for each category that the standard plan asks for."""
    operator.models.create(model_id=MODEL)
    for number, category in enumerate(("pfp", "post", "highlight", "story", "any")):
        file = uploaded(operator, MODEL, category, draw(number, category, None, category))
        item = {"content_id": f"{MODEL}-{category}", "category": category, "quality_score": 80, "max_usage": _USES}
        operator.content.create(MODEL, ContentBody.model_validate(item | file))
    for category in ("bio", "post", "highlight", "any"):
        text = TextBody(
            text_id=f"{MODEL}-{category}",
            body=f"A text for {category}.",
            category=category,
            quality_score=80,
            max_usage=_USES,
        )
        operator.texts.create(MODEL, text)


def uploaded(operator: Client, model_id: str, name: str, picture: Picture) -> dict[str, object]:
    """Upload a picture, and return the members of its `ContentBody` that describe the file."""
    digest, suffix = hashlib.sha256(picture.data).hexdigest(), picture.media_type.partition("/")[2]
    form = operator.content.upload(
        model_id,
        filename=f"{name}.{suffix}",
        media_type=picture.media_type,
        bytes=len(picture.data),
        sha256=digest,
    )
    return {
        "media_key": operator.put(form, picture.data),
        "media_type": picture.media_type,
        "sha256": digest,
        "bytes": len(picture.data),
        "width": picture.width,
        "height": picture.height,
    }


def account(operator: Client, account_id: str) -> None:
    """Make an account of the model that is ready to be warmed up. Items rest for a day between two accounts."""
    operator.accounts.create(account_id=account_id, model_id=MODEL, username=account_id, consent=_CONSENT)
    operator.accounts.ready(account_id, reason="for a first trial")


def bot_key(operator: Client, bot_id: str) -> str:
    """Make a bot, and return its key."""
    key = operator.bots.create(bot_id=bot_id).key
    assert key is not None, f"the bot {bot_id} exists already, and its key is shown only once"
    return key
