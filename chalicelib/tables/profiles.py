"""Profiles: what only operators read of an account, so that the account itself stays below a kilobyte."""

from chalicelib.tables.accounts import Account
from chalicelib.tables.attributes import document, text
from chalicelib.tables.base import Item, batch_get


class AccountProfile(Item):
    """The consent of an account's owner, in their words. Written only together with its account."""

    class Meta:
        table_name = "profiles"

    account_id = text(hash_key=True)
    consent = document()


def consent_of(account: Account) -> dict[str, str] | None:
    """The recorded consent; one read, but where there is none, or an earlier release keeps it in the account."""
    if account.consented is None:
        return account.consent  # type: ignore[no-any-return]  # what is recorded has words alone
    (found,) = batch_get([(AccountProfile, account.account_id)])
    return None if found is None else found.consent
