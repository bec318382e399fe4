"""Profiles: which account of a platform a username names, and the claim by which one account alone stands for it."""

import hashlib

from chalicelib.domain import visibility


def profile_of(username: str) -> str:
    """The profile that a username names: without leading `@`, case, white space and invisible characters, by NFKC.

    What looks like an address (`https://…/handle`) is compared as any other username: which part of an address is the
    handle differs from platform to platform, and the same handle of two platforms is two profiles.
    """
    return "".join(visibility.folded(username).split()).lstrip("@").replace("\u2800", "")


def claim_of(username: str) -> str:
    """The key of the claim on a profile. Fingerprints of items begin with `content#` and `text#`."""
    return f"profile#{hashlib.sha256(profile_of(username).encode()).hexdigest()}"


def account_id_of(model_id: str, username: str) -> str:
    """The id of an account that was given none: the same for the same model and profile, so that a repeat is found."""
    return _derived(model_id, profile_of(username))


def account_id_before(model_id: str, username: str) -> str:
    """The id that the first version derived, which folded nothing but case."""
    return _derived(model_id, username.casefold())


def _derived(model_id: str, name: str) -> str:
    digest = hashlib.sha256(f"{model_id}\0{name}".encode()).hexdigest()
    return f"acc_{digest[:26]}"
