"""Files on their way into the pool of a model: what they are by their bytes, and where they lie once uploaded."""

import hashlib
import re
from functools import cached_property
from pathlib import Path
from typing import Any

from warmup.api.boxes import UnusableFile
from warmup.api.media_files import examine
from warmup.client import Client
from warmup.commands.imports import BadRow

_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")


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
    try:
        found = examine(lambda offset, count: data[offset : offset + count], len(data))
    except UnusableFile as error:
        raise BadRow(f"{file} cannot be used: {error.detail}") from error
    return {"media_type": found.media_type, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}


def _safe_name(file: Path) -> str:
    return _UNSAFE.sub("-", file.name)[-80:].strip("-.") or "file"


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise BadRow(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}") from error
