"""What one caller may have or send: quotas of a bot's leases and sessions, and the rate of requests without a key.

A rate is a token bucket: how many requests may come at once, and how fast that many more become allowed.
"""

from math import ceil

from chalicelib.domain.errors import QuotaReached
from chalicelib.domain.records import record

MOST_LEASES, MOST_SESSIONS = 1000, 100
"""What an operator can allow one bot at most."""


@record
class Quota:
    """How many live leases and open sessions a bot may have at a time."""

    max_leases: int
    max_sessions: int

    def leases_left(self, elsewhere: int) -> int:
        """Return how many leases a session may hold whose bot holds so many under others."""
        return max(0, self.max_leases - elsewhere)

    def refuse_lease(self, held: int) -> None:
        """Raises QuotaReached where a bot that holds so many live leases may not take one more."""
        if held >= self.max_leases:
            raise QuotaReached(f"This bot holds {held} leases, of {self.max_leases} that it may hold at a time.")

    def refuse_session(self, opened: int) -> None:
        """Raises QuotaReached where a bot that has so many open sessions may not open one more."""
        if opened >= self.max_sessions:
            raise QuotaReached(
                f"This bot has {opened} live sessions, of {self.max_sessions} that it may have at a time."
            )


def quota_of(defaults: Quota, max_leases: int | None, max_sessions: int | None) -> Quota:
    """The quota of a bot with these limits of its own; None stands for the deployment's."""
    return Quota(
        defaults.max_leases if max_leases is None else max_leases,
        defaults.max_sessions if max_sessions is None else max_sessions,
    )


@record
class Rate:
    """`burst` requests at once, and after that so many a second."""

    burst: int
    per_second: float


@record
class Bucket:
    """What was left of a rate at an instant, in seconds of some clock."""

    left: float
    at: float


FAILED = Rate(burst=30, per_second=0.5)
"""Requests that show no key, or a wrong one."""
ANONYMOUS = Rate(burst=600, per_second=20)
"""Requests for what anybody may read: the console loads some fifty files at once."""


_ROUNDING = 1e-9
"""What sums of instants may lose: who waits as long as the answer says is let through."""


def take(bucket: Bucket | None, rate: Rate, now: float) -> tuple[Bucket, int]:
    """The bucket after one more request, and in how many seconds to ask again: 0 where the request is within the rate.

    A bucket that nobody has used yet (None) is full. Who is refused loses nothing by asking.
    """
    left = float(rate.burst)
    if bucket is not None:
        left = min(left, bucket.left + (now - bucket.at) * rate.per_second)
    if left < 1 - _ROUNDING:
        return Bucket(left, now), max(1, ceil((1 - left) / rate.per_second))
    return Bucket(left - 1, now), 0
