"""Profiles: the words of persons, apart from accounts and events, so that these stay small and the words can go."""

from chalicelib.tables.accounts import Account
from chalicelib.tables.attributes import document, expiry, maybe_text, text
from chalicelib.tables.base import Item, batch_get


class AccountProfile(Item):
    """What operators alone read of an account, the consent of its owner above all; or the words of one of its events.

    It is written only together with its account. The words of an event have the account and its version as their key
    (`words_key`); `salt` seals them in the event.
    """

    class Meta:
        table_name = "profiles"

    account_id = text(hash_key=True)
    consent = document()
    external_ref = maybe_text()
    words = document()
    salt = maybe_text()
    kept_until = expiry()


def words_key(subject: str, sequence: int) -> str:
    """The key of the words of an event of an account. No id of an account holds a `#`."""
    return f"{subject.partition(':')[2]}#{sequence}"


def profile_of(account: Account) -> AccountProfile:
    """The profile of an account; an empty one where it has none. One read.

    It is read after its account, not beside it: an older one would be written back under a newer version. An earlier
    release kept the consent in the account.
    """
    (found,) = batch_get([(AccountProfile, account.account_id)])
    profile: AccountProfile = found or AccountProfile(account_id=account.account_id)
    profile.consent = profile.consent or account.consent
    return profile
