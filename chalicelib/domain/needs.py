"""What the plans need of media: types and sizes; and whether a stored file is what is said of it."""

import re
from typing import Protocol

from chalicelib.domain.facts import Fault
from chalicelib.domain.plans import PLANS, ContentNeeds, Need

_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+", re.ASCII)


class Lying(Protocol):
    """What lies in the store."""

    @property
    def bytes(self) -> int: ...
    @property
    def media_type(self) -> str: ...
    @property
    def sha256(self) -> str | None: ...


def _asking(category: str | None) -> list[ContentNeeds]:
    """What the plans ask of the media of a category (None: of all); of all too where none asks for media."""
    phases = [phase for plan in PLANS.values() for phase in plan.phases.values()]
    drawn = [phase.content for phase in phases if category is None or category in phase.categories]
    return [asked for asked in drawn if asked.need is not Need.NONE] or [phase.content for phase in phases]


def faults(category: str | None, size: int) -> list[Fault]:
    """Why no plan could ever take a file of this size (bytes) in this category; empty if one could."""
    largest = max(asked.max_bytes for asked in _asking(category))
    if size > largest:
        return [{"pointer": "/bytes", "detail": f"{category or 'a phase'} takes files of at most {largest} bytes"}]
    return []


def upload_faults(media_type: str, size: int) -> list[Fault]:
    """Why a file of this type and size (bytes) is of no use to any plan; empty if it is of use."""
    found = faults(None, size)
    known = sorted({one for asked in _asking(None) for one in asked.media_types})
    if media_type not in known:
        found.append({"pointer": "/media_type", "detail": f"the plans take {', '.join(known)}"})
    return found


def lies(stored: Lying | None, *, media_type: str, size: int, sha256: str) -> list[Fault]:
    """Where what lies in the store differs from what is said of it; empty where it is the same."""
    if stored is None:
        return [{"pointer": "/media_key", "detail": "nothing lies there: upload the file first"}]
    found: list[Fault] = []
    if stored.bytes != size:
        found.append({"pointer": "/bytes", "detail": f"the stored file has {stored.bytes} bytes, not {size}"})
    if stored.media_type != media_type:
        found.append({"pointer": "/media_type", "detail": f"the stored file is {stored.media_type}, not {media_type}"})
    if stored.sha256 is None:
        found.append(
            {"pointer": "/sha256", "detail": "the stored file has no SHA-256: upload it by the presigned form"}
        )
    elif stored.sha256 != sha256:
        found.append({"pointer": "/sha256", "detail": f"the stored file has the SHA-256 {stored.sha256}"})
    return found


def safe_name(filename: str) -> str:
    """The end of a file's name that may be the end of a key: letters, digits, `_`, `.`, `-`, at most 80."""
    return _UNSAFE.sub("-", filename.replace("\\", "/").rsplit("/", 1)[-1])[-80:].strip("-.") or "file"
