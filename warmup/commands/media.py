"""Files on their way into the pool of a model: what they are by their bytes, and where they lie once uploaded."""

import hashlib
import re
from functools import cached_property
from pathlib import Path
from typing import Any

from warmup.client import Client
from warmup.commands.imports import BadRow

_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")
_HEIF = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


def media_type(data: bytes) -> str | None:
    """Return the media type by the first bytes of a file; None where they are not known.

    The file's name does not count, nor does the machine's table of types, which differs between machines.
    """
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    if data.startswith(b"\x1a\x45\xdf\xa3"):
        return "video/webm"
    return _of_brand(data) if data[4:8] == b"ftyp" else None


def _of_brand(data: bytes) -> str:
    """Return the type of a file of the family of MP4 (ISO 14496-12): by its main brand, then the compatible ones."""
    size = int.from_bytes(data[:4], "big")
    brands = [data[8:12], *(data[at : at + 4] for at in range(16, min(size, 256), 4))]
    if b"avif" in brands or b"avis" in brands:
        return "image/avif"
    if brands[0] in _HEIF:
        return "image/heic"
    return "video/quicktime" if brands[0] == b"qt  " else "video/mp4"


class Pool:
    """The media of a model, and files to add to it."""

    def __init__(self, client: Client, model_id: str) -> None:
        self.client, self._model_id = client, model_id
        self._keys: dict[str, str] = {}

    @cached_property
    def _there(self) -> dict[str, str]:
        """Return the media keys of the pool by SHA-256: read once."""
        return {one.sha256: one.media_key for one in self.client.content.list_all(self._model_id, limit=100)}

    def planned(self, file: Path) -> dict[str, Any]:
        """Return the members of a body for a file that is not uploaded, for a dry run. Raises BadRow."""
        known = _described(file, _bytes(file))
        sha256 = known["sha256"]
        there = self._there.get(sha256) or f"{self._model_id}/{sha256}/{_safe_name(file)}"
        return {**known, "media_key": self._keys.setdefault(sha256, there)}

    def uploaded(self, file: Path) -> dict[str, Any]:
        """Return the members of a body for a file, which is uploaded unless its bytes are there already.

        Raises BadRow, WarmupError.
        """
        data = _bytes(file)
        known = _described(file, data)
        sha256 = known["sha256"]
        key = self._keys.get(sha256) or self._there.get(sha256)
        if key is None:
            form = self.client.content.upload(self._model_id, filename=_safe_name(file), **known)
            key = self.client.put(form, data)
        self._keys[sha256] = key
        return {**known, "media_key": key}


def _described(file: Path, data: bytes) -> dict[str, Any]:
    kind = media_type(data)
    if kind is None:
        raise BadRow(f"{file} is not an image or a video that is known here, by its first bytes: {data[:8]!r}")
    return {"media_type": kind, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}


def _safe_name(file: Path) -> str:
    return _UNSAFE.sub("-", file.name)[-80:].strip("-.") or "file"


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise BadRow(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}") from error
