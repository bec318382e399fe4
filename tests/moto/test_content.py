"""Content on moto: what is uploaded, delivered, refused and used up."""

import hashlib
from typing import Any

import pytest

from warmup.api import errors
from warmup.api.models import ContentBody, CreatedContent, ItemRights, Upload
from warmup.problems import ApiError
from warmup.sandbox.pictures import draw
from warmup.testing import MotoService


def described(data: bytes) -> dict[str, Any]:
    return {"media_type": "image/png", "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def item(form: Upload, data: bytes) -> ContentBody:
    members = {"content_id": "sea", "category": "post", "quality_score": 100, "max_usage": 1}
    return ContentBody.model_validate({**members, "media_key": form.media_key, **described(data)})


def test_a_file_is_uploaded_by_a_form_and_added(service: MotoService) -> None:
    data = draw(7, "post", "sea", "the sea").data
    form = service.operator.content.upload("nora", filename="sea.png", **described(data))
    service.operator.put(form, data)
    made = service.operator.content.create("nora", item(form, data))
    assert isinstance(made, CreatedContent)
    assert (made.content_id, made.replayed) == ("sea", False)
    assert (made.width, made.height, made.animated) == (540, 675, False)


def test_what_was_never_uploaded_is_refused(service: MotoService) -> None:
    form = service.operator.content.upload("nora", filename="sea.png", **described(b"nothing"))
    with pytest.raises(ApiError) as refused:
        service.operator.content.create("nora", item(form, b"nothing"))
    assert refused.value.status == 422


def test_the_best_item_is_chosen_and_the_holder_gets_the_same_again(service: MotoService) -> None:
    bot = service.bot("bot-1")
    bot.accounts.start_warmup("nora-1")
    first = bot.phases.content("nora-1", "pfp")
    again = bot.phases.content("nora-1", "pfp")
    assert first.content is not None
    assert again.content is not None
    assert first.content.content_id == again.content.content_id == "nora-pfp"
    assert first.assignment_id == again.assignment_id


def test_a_withdrawn_item_is_not_given(service: MotoService) -> None:
    for name in ("nora-pfp", "nora-any"):
        service.operator.content.edit("nora", name, status=ItemRights.WITHDRAWN)
    bot = service.bot("bot-1")
    bot.accounts.start_warmup("nora-1")
    with pytest.raises(errors.ContentUnavailable):
        bot.phases.content("nora-1", "pfp")
