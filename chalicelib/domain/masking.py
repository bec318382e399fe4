"""What a worker says is masked where it looks like a secret: members by their names, and parts of URLs."""

import re
from collections.abc import Callable, Mapping
from typing import Any

MASK = "[masked]"
_SECRETS = (
    *("password", "passwd", "passphrase", "cookie", "authorization", "token", "secret"),
    *("apikey", "privatekey", "credential"),
)
_URL = re.compile(r"[a-z][a-z0-9+.\-]{0,30}://[^\s\"'<>`\\|^{}]+", re.IGNORECASE)
_USER = re.compile(r"(?<=://)[^/?#]*@")
_DATA = re.compile(r"(?<=[?#&;])[^&;#]+")
"""What stands between the marks behind the path of a URL."""


def is_secret(name: str) -> bool:
    """Whether a member of this name holds a secret; letter case and punctuation do not matter."""
    folded = "".join(filter(str.isalnum, name.casefold()))
    return any(word in folded for word in _SECRETS)


def without_url_secrets(text: str) -> str:
    """The text, where user and password of its URLs are masked, and the values behind `?` and `#`."""
    return _URL.sub(_masked_url, text) if "://" in text else text


def _masked_url(found: re.Match[str]) -> str:
    url = _USER.sub(f"{MASK}@", found[0])
    data = min((place for place in map(url.find, "?#") if place >= 0), default=len(url))
    return url[:data] + _DATA.sub(_masked_part, url[data:])


def _masked_part(found: re.Match[str]) -> str:
    name, has_value, _ = found[0].partition("=")
    return f"{name}={MASK}" if has_value else MASK


def masked(value: Any, at: str = "") -> tuple[Any, list[str]]:
    """Return a JSON value without what looks like a secret, and the pointers (behind `at`) to what was masked."""
    pointers: list[str] = []
    return _masked(value, at, pointers.append), pointers


def _masked(value: Any, at: str, note: Callable[[str], None]) -> Any:
    if isinstance(value, str):
        clean = without_url_secrets(value)
        if clean != value:
            note(at)
        return clean
    if isinstance(value, Mapping):
        return {name: _member(str(name), one, f"{at}/{_escaped(str(name))}", note) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(one, f"{at}/{place}", note) for place, one in enumerate(value)]
    return value


def _member(name: str, value: Any, at: str, note: Callable[[str], None]) -> Any:
    if not is_secret(name) or value is None or isinstance(value, bool) or value == MASK:
        return _masked(value, at, note)
    note(at)
    return MASK


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
