"""Content on moto: what is uploaded, delivered, refused and used up."""

import hashlib

import pytest

from warmup.testing import MotoService, Problem

POOL = "/api/operator/models/nora/content"


def test_a_file_is_uploaded_by_a_form_and_added(service: MotoService) -> None:
    data = b"\x89PNG\r\n\x1a\n and more"
    file = {"media_type": "image/png", "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    form = service.operator.post(f"{POOL}/uploads", {"filename": "sea.png", **file})
    service.operator.upload(form["url"], form["fields"], data)
    item = {"content_id": "sea", "category": "post", "quality_score": 100, "max_usage": 1}
    made = service.operator.post(POOL, {**item, "media_key": form["media_key"], **file})
    assert (made["content_id"], made["replayed"]) == ("sea", False)


def test_what_was_never_uploaded_is_refused(service: MotoService) -> None:
    file = {"media_type": "image/png", "bytes": 7, "sha256": "00" * 32}
    form = service.operator.post(f"{POOL}/uploads", {"filename": "sea.png", **file})
    item = {"content_id": "sea", "category": "post", "quality_score": 100, "max_usage": 1}
    with pytest.raises(Problem) as refused:
        service.operator.post(POOL, {**item, "media_key": form["media_key"], **file})
    assert refused.value.status == 422


def test_the_best_item_is_chosen_and_the_holder_gets_the_same_again(service: MotoService) -> None:
    bot = service.bot("bot-1")
    bot.post("/api/bot/accounts/nora-1/start-warmup")
    first = bot.get("/api/bot/accounts/nora-1/content/pfp")
    again = bot.get("/api/bot/accounts/nora-1/content/pfp")
    assert first["content"]["content_id"] == again["content"]["content_id"] == "nora-pfp"
    assert first["assignment_id"] == again["assignment_id"]


def test_a_withdrawn_item_is_not_given(service: MotoService) -> None:
    for name in ("nora-pfp", "nora-any"):
        service.operator.patch(f"{POOL}/{name}", {"status": "withdrawn"})
    bot = service.bot("bot-1")
    bot.post("/api/bot/accounts/nora-1/start-warmup")
    with pytest.raises(Problem) as refused:
        bot.get("/api/bot/accounts/nora-1/content/pfp")
    assert refused.value.code == "content_unavailable"
