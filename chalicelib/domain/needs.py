"""What plans can need of media: types and sizes; and whether a stored file is what is said of it."""

import re
from typing import Protocol

from chalicelib.domain.facts import Fault
from chalicelib.domain.plans import MEDIA_TYPES, MOST_BYTES

_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+", re.ASCII)
_ISSUED = re.compile(r"/[0-9a-f]{64}/[A-Za-z0-9_.-]{1,80}", re.ASCII)


class Lying(Protocol):
    """What lies in the store."""

    @property
    def bytes(self) -> int: ...
    @property
    def media_type(self) -> str: ...
    @property
    def sha256(self) -> str | None: ...


def faults(size: int) -> list[Fault]:
    """Why no plan could ever take a file of this size (bytes); empty if one could."""
    if size > MOST_BYTES:
        return [{"pointer": "/bytes", "detail": f"plans take files of at most {MOST_BYTES} bytes"}]
    return []


def upload_faults(media_type: str, size: int) -> list[Fault]:
    """Why a file of this type and size (bytes) is of no use to any plan; empty if it is of use."""
    found = faults(size)
    if media_type not in MEDIA_TYPES:
        found.append({"pointer": "/media_type", "detail": f"plans take {', '.join(MEDIA_TYPES)}"})
    return found


def media_key(model_id: str, sha256: str, filename: str) -> str:
    """The key of a model's file."""
    return f"{model_id}/{sha256}/{safe_name(filename)}"


def key_faults(key: str, model_id: str) -> list[Fault]:
    """Why the key is not one that the service gave for a file of this model (`media_key`); empty if it may be."""
    if key.startswith(model_id) and _ISSUED.fullmatch(key, len(model_id)):
        return []
    detail = f"it is not a key of {model_id}: say the `media_key` that the upload form of this model came with"
    return [{"pointer": "/media_key", "detail": detail}]


def lies(stored: Lying | None, *, media_type: str, size: int, sha256: str) -> list[Fault]:
    """Where what lies in the store differs from what is said of it; empty where it is the same. What it is, is not
    said: the caller may not know the file."""
    if stored is None:
        return [{"pointer": "/media_key", "detail": "nothing lies there: upload the file first"}]
    found: list[Fault] = []
    if stored.bytes != size:
        found.append({"pointer": "/bytes", "detail": f"the stored file does not have {size} bytes"})
    if stored.media_type != media_type:
        found.append({"pointer": "/media_type", "detail": f"the stored file is not {media_type}"})
    if stored.sha256 is None:
        found.append(
            {"pointer": "/sha256", "detail": "the stored file has no SHA-256: upload it by the presigned form"}
        )
    elif stored.sha256 != sha256:
        found.append({"pointer": "/sha256", "detail": "the stored file has another SHA-256"})
    return found


def safe_name(filename: str) -> str:
    """The end of a file's name that may be the end of a key: letters, digits, `_`, `.`, `-`, at most 80."""
    return _UNSAFE.sub("-", filename.replace("\\", "/").rsplit("/", 1)[-1])[-80:].strip("-.") or "file"
