"""What makes two items of a model the same: the bytes of a file, the words of a text."""

import hashlib
import unicodedata
from datetime import datetime
from typing import Protocol

from chalicelib.domain import visibility
from chalicelib.domain.selection import ItemRights


class Twin(Protocol):
    """What is asked of the item that has a fingerprint already."""

    @property
    def status(self) -> ItemRights: ...
    @property
    def last_assigned_at(self) -> datetime | None: ...


def gives_way(twin: Twin) -> bool:
    """Whether another item may take the fingerprint over: it was withdrawn, and never given to an account."""
    return twin.status is ItemRights.WITHDRAWN and twin.last_assigned_at is None


def of_media(model_id: str, sha256: str) -> str:
    """The fingerprint of a file in a model's pool. Ids hold no `#`."""
    return f"content#{model_id}#{sha256}"


def of_file(sha256: str) -> str:
    """The key under which a file, in whatever model, is noted as withdrawn."""
    return f"file#{sha256}"


def of_text(model_id: str, body: str) -> str:
    """The fingerprint of a text in a model's pool: its words, as they are compared (`visibility.folded`)."""
    return _of_words(model_id, visibility.folded(body))


def of_text_before(model_id: str, body: str) -> str:
    """The fingerprint that the first version gave a text: it compared invisible characters, too."""
    words = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", body).casefold())
    return _of_words(model_id, " ".join(words.split()))


def _of_words(model_id: str, words: str) -> str:
    return f"text#{model_id}#{hashlib.sha256(words.encode()).hexdigest()}"
