"""What makes two items of a model the same: the bytes of a file, the words of a text."""

import hashlib
import unicodedata


def of_media(model_id: str, sha256: str) -> str:
    """The fingerprint of a file in a model's pool. Ids hold no `#`."""
    return f"content#{model_id}#{sha256}"


def of_text(model_id: str, body: str) -> str:
    """The fingerprint of a text in a model's pool: its words, whatever their case, spacing and Unicode form."""
    return f"text#{model_id}#{hashlib.sha256(normalised(body).encode()).hexdigest()}"


def normalised(body: str) -> str:
    """The text as it is compared: NFKC, case folded, every run of white space one space, none at the ends."""
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", body).casefold()).split())
