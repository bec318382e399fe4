"""One session of a worker: the leases that it holds, and the thread that sends its heartbeats."""

import logging
import math
import threading
from collections.abc import Mapping
from contextlib import suppress

from warmup import clocks
from warmup.api import errors
from warmup.api.models import Directive, OpenedSession
from warmup.client import Client
from warmup.clocks import Mark
from warmup.jobs import Job, Lease
from warmup.problems import WarmupError
from warmup.worker.outage import UNAVAILABLE, OutageLog

logger = logging.getLogger("warmup.worker")

_CHECK_INTERVAL = 5.0
"""Seconds after which the thread compares the clocks again: waiting stands still while the machine sleeps."""


class SessionRunner:
    """Keeps one session alive, and knows what it holds.

    A heartbeat is sent every `heartbeat_seconds` while something is held. A session that holds nothing sends one each
    `lease_seconds`, so that operators see it as live.

    `stop_ordered`: an operator ordered the session to stop. `over`: the session takes nothing new. `drained`: because
    an operator said so. `wake` is set when that changes.
    """

    def __init__(self, client: Client, opened: OpenedSession, outage: OutageLog, wake: threading.Event) -> None:
        self._client, self.session_id, self._outage, self._wake = client, opened.session_id, outage, wake
        self._lease_seconds, self._heartbeat_seconds = opened.lease_seconds, opened.heartbeat_seconds
        self._jobs: dict[str, Job | None] = {}
        self._reported = set[str]()
        self._excluded = set[str]()
        self._leases: dict[str, Lease] = {}
        self._lock = threading.Lock()
        self._heartbeat_lock = threading.Lock()
        self._confirmed_at = clocks.steady()
        self._failed_at = -math.inf
        self.stop_ordered = threading.Event()
        self.over = threading.Event()
        self.drained = False
        self._ended = threading.Event()
        self._heartbeat_thread = threading.Thread(target=self._send_heartbeats, name="warmup-heartbeat", daemon=True)

    def start(self) -> None:
        """Begin to send heartbeats."""
        self._heartbeat_thread.start()

    def end(self) -> None:
        """End the session, which releases what it still holds."""
        self._ended.set()
        with suppress(WarmupError):
            self._client.sessions.end(self.session_id)

    # what is held

    def add(self, account_id: str) -> None:
        """Note that the account is being worked on."""
        with self._lock:
            self._jobs.setdefault(account_id, None)

    def begin(self, job: Job) -> None:
        """Note that the job has begun."""
        with self._lock:
            self._jobs[job.account_id] = job

    def remove(self, account_id: str) -> None:
        """Note that the account is no longer worked on."""
        with self._lock:
            self._jobs.pop(account_id, None)
            self._leases.pop(account_id, None)
            self._reported.discard(account_id)

    def begin_report(self, account_id: str) -> bool:
        """Return whether nobody has begun to report the outcome of this job; the caller does now."""
        with self._lock:
            first = account_id not in self._reported
            self._reported.add(account_id)
            return first

    def reporting(self) -> set[str]:
        """Return the accounts whose job's outcome is being reported."""
        with self._lock:
            return set(self._reported)

    def exclude(self, account_id: str) -> None:
        """Do not take the account again."""
        with self._lock:
            self._excluded.add(account_id)

    def jobs(self) -> list[Job | None]:
        """Return what is under way (None: not begun yet)."""
        with self._lock:
            return list(self._jobs.values())

    def is_free(self, account_id: str) -> bool:
        """Return whether the account is not being worked on, and may be."""
        with self._lock:
            return account_id not in self._jobs and account_id not in self._excluded

    def held(self) -> list[str]:
        """Return the accounts that a claim leaves out: under way, or without a report that the service accepted."""
        with self._lock:
            return sorted(self._jobs.keys() | self._excluded)

    # leases

    def keep_lease(self, account_id: str, token: str, began: Mark) -> Lease:
        """Return the lease that a request gave which was sent at `began`, and keep it."""
        with self._lock:
            if not self._leases:
                self._confirmed_at = max(self._confirmed_at, began.steady)  # taking a lease counts as a heartbeat
            lease = self._leases.get(account_id)
            if lease is None or lease.token != token:
                lease = Lease(self.session_id, token, began, self._lease_duration(), self.confirm_leases)
                self._leases[account_id] = lease
            lease.extend(began, self._lease_duration())
            return lease

    def _lease_duration(self) -> float:
        return self._lease_seconds / self._client.speed

    def lease(self, account_id: str) -> Lease | None:
        """Return the lease on the account, if there is one."""
        with self._lock:
            return self._leases.get(account_id)

    def token(self, account_id: str) -> str | None:
        """Return the token of the account's lease, if there is one."""
        lease = self.lease(account_id)
        return None if lease is None else lease.token

    def release(self, account_id: str) -> bool:
        """Release a lease without recording an outcome. Returns whether the service accepted it."""
        token = self.token(account_id)
        if token is None:
            return False
        try:
            self._client.leases.release(account_id, lease_token=token, bot_session=self.session_id)
        except WarmupError as error:
            logger.info("%s could not be released: %s", account_id, error)
            return False
        return True

    # heartbeats

    def _send_heartbeats(self) -> None:
        interval = self._heartbeat_seconds / self._client.speed
        while not self._ended.wait(max(0.05, min(_CHECK_INTERVAL, interval, self._due_in()))):
            if self._due_in() <= 0:
                with self._heartbeat_lock:
                    self._heartbeat()

    def _due_in(self) -> float:
        """Return the seconds until a heartbeat is due; after one that failed it is a fifth of the usual time."""
        interval = self._heartbeat_seconds / self._client.speed
        with self._lock:
            due = self._confirmed_at + (interval if self._leases else self._lease_duration())
        return max(due, self._failed_at + interval / 5) - clocks.steady()

    def confirm_leases(self) -> None:
        """Ask which leases are still held, where this machine's clocks disagree."""
        with self._heartbeat_lock:
            if clocks.steady() > self._failed_at + _CHECK_INTERVAL:
                logger.info("this machine's clocks disagree: asking which leases are still held")
                self._heartbeat()

    def end_and_ask_why(self) -> None:
        """Take nothing new, since the service hands out nothing, and learn why: it is over, or an operator said so."""
        self.over.set()
        with self._heartbeat_lock:
            self._heartbeat()

    def _heartbeat(self) -> None:
        began = Mark.now()
        self._failed_at = began.steady
        try:
            answer = self._client.sessions.heartbeat(self.session_id)
        except (errors.SessionEnded, errors.SessionNotFound) as gone:
            self._lose_all(str(gone))
            return
        except UNAVAILABLE as error:
            self._outage.failed(error)
            return
        except WarmupError as error:
            logger.warning("the heartbeat was refused: %s", error)
            return
        self._failed_at = -math.inf
        self._outage.answered()
        lost = {one.account_id: one.reason for one in answer.lost}
        self._update_leases({one.account_id for one in answer.held}, lost, began)
        self._obey(answer.directive)

    def _obey(self, directive: Directive) -> None:
        if directive == Directive.STOP:
            self.stop_ordered.set()
        if directive != Directive.CONTINUE:
            logger.info("the service's directive is %s", directive)
            self.drained = True
            self.over.set()
            self._wake.set()

    def _update_leases(self, held: set[str], lost: Mapping[str, str], began: Mark) -> None:
        with self._lock:
            self._confirmed_at = began.steady
            for account_id, lease in self._leases.items():
                if account_id in held:
                    lease.extend(began, self._lease_duration())
                if account_id in lost:
                    lease.lose(lost[account_id])

    def _lose_all(self, why: str) -> None:
        with self._lock:
            for lease in self._leases.values():
                lease.lose(why)
        self.over.set()
        self._ended.set()
        self._wake.set()
