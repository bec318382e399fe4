"""What a change of a warm-up answers with."""

from chalicelib.domain.leases import Lease
from chalicelib.domain.records import record
from chalicelib.tables import AccountProfile
from chalicelib.warmups.loading import Loaded


@record
class Changed:
    """A warm-up after a change; `replayed` where nothing was changed; `lease` is the caller's own, where it has one.

    `profile` is what operators alone read of it, where the change is of that.
    """

    loaded: Loaded
    replayed: bool = False
    lease: Lease | None = None
    profile: AccountProfile | None = None
