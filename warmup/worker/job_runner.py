"""Runs one job, from the claim to the report of its outcome."""

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from warmup.api import errors, masking
from warmup.api.models import Claimed, Delivery, ReportKind, Step
from warmup.client import Client
from warmup.jobs import Done, Job, JobFailed, LeaseLost, StopOrdered, Transient
from warmup.problems import (
    ApiError,
    AuthError,
    Conflict,
    NotFound,
    UnexpectedAnswer,
    Unreachable,
    Unsendable,
    WarmupError,
)
from warmup.transport import BadChecksum
from warmup.worker.handlers import Handlers
from warmup.worker.outage import UNAVAILABLE, OutageLog, ask_until_answered
from warmup.worker.session import SessionRunner
from warmup.worker.shutdown import Shutdown
from warmup.worker.tally import Outcome, Tally

logger = logging.getLogger("warmup.worker")


class JobRunner:
    """Runs jobs, each in a thread of its caller."""

    def __init__(self, client: Client, handlers: Handlers, tally: Tally, outage: OutageLog, shutdown: Shutdown) -> None:
        self._client, self._handlers, self._tally = client, handlers, tally
        self._outage, self._shutdown = outage, shutdown

    def run(self, session: SessionRunner, claimed: Claimed) -> None:
        """Do what was claimed. Raises nothing: what goes wrong is reported, or logged."""
        account_id = claimed.account_id
        try:
            self._take(session, claimed)
        except (errors.SessionEnded, errors.SessionNotFound):
            session.end_and_ask_why()
        except (Conflict, NotFound) as refused:
            self._leave(session, account_id, refused)
        except UNAVAILABLE as error:
            self._outage.failed(error)
            self._shutdown.back_off()
        except WarmupError as error:
            logger.warning("%s: %s", account_id, error)
            self._shutdown.back_off()
        except Exception:
            logger.exception("a defect at %s", account_id)
            self._shutdown.back_off()
        finally:
            session.remove(account_id)

    def _leave(self, session: SessionRunner, account_id: str, refused: ApiError) -> None:
        """Leave an account alone that the service does not let this worker work on."""
        logger.info("%s is left alone: %s", account_id, refused)
        if isinstance(refused, errors.LeaseSuperseded):
            self._tally.add(Outcome.LOST)
        elif not isinstance(refused, errors.AccountLeased):
            session.release(account_id)
            self._shutdown.back_off()  # it may be offered again at once

    def _take(self, session: SessionRunner, claimed: Claimed) -> None:
        account_id = claimed.account_id
        headers = {"bot_session": session.session_id, "lease_token": session.token(account_id)}
        if claimed.action == Step.COMPLETE_WARMUP:
            self._client.accounts.complete_warmup(account_id, **headers)
            logger.info("%s is active", account_id)
            return
        given = claimed.delivery
        if given is None:  # held before, and not delivered: the answer gives it, or says why not
            given = self._client.phases.content(account_id, str(claimed.phase), **headers)
        lease = session.lease(account_id)
        if lease is None or not self._handlers.cover(given.phase, given.category):
            session.release(account_id)
            return
        self._work(
            session,
            Job(account_id, claimed.username, claimed.model_id, given.phase, given, None, lease, session.stop_ordered),
        )

    def _work(self, session: SessionRunner, job: Job) -> None:
        """Call the handler, and report the outcome."""
        began = time.monotonic()
        try:
            job = replace(job, media=self._download(job.delivery))
            session.begin(job)
            result = self._handlers.call(job)
        except LeaseLost as lost:
            logger.warning("%s %s was lost: %s", job.account_id, job.phase, lost)
            self._end(session, job, lambda: Outcome.LOST)
        except StopOrdered:
            self._end(session, job, lambda: Outcome.GIVEN_BACK if session.release(job.account_id) else Outcome.LOST)
        except BaseException as error:  # what the handler raises is its report, `sys.exit()` too
            failed = self._handlers.failure(error)
            logger.warning("%s %s failed (%s): %s", job.account_id, job.phase, failed.kind, error)
            self._end(session, job, lambda: self._report_failure(session, job, failed))
        else:
            done = result if isinstance(result, Done) else Done(platform_response=result)
            milliseconds = int((time.monotonic() - began) * 1000)
            self._end(session, job, lambda: self._report_done(session, job, done, milliseconds))

    def _download(self, given: Delivery) -> bytes | None:
        if given.content is None:
            return None
        try:
            return self._client.download(given.content)
        except BadChecksum as bad:
            raise JobFailed(str(bad), code="checksum_mismatch", kind=ReportKind.CONTENT) from bad
        except (Unreachable, UnexpectedAnswer) as error:
            raise Transient(str(error), code="download_failed") from error

    # its outcome

    def _end(self, session: SessionRunner, job: Job, report: Callable[[], Outcome]) -> None:
        """Report the outcome of a job and count it, unless `cut_off` has begun to."""
        if session.begin_report(job.account_id):
            self._tally.add(report())

    def cut_off(self, job: Job) -> None:
        """Report a job whose handler is still at work when the worker ends. The caller has called `begin_report`."""
        failed = JobFailed("the worker was stopped while the handler was at work", code="worker_stopped")
        try:
            accepted = self._send(job, lambda: self._report(job, failed))
        except WarmupError as error:
            logger.error("the outcome of %s %s cannot be reported: %s", job.account_id, job.phase, error)
            accepted = False
        self._tally.add(Outcome.FAILED if accepted else Outcome.LOST)

    def _report_done(self, session: SessionRunner, job: Job, done: Done, milliseconds: int) -> Outcome:
        return self._report_outcome(session, job, Outcome.DONE, lambda: self._complete(job, done, milliseconds))

    def _report_failure(self, session: SessionRunner, job: Job, failed: JobFailed) -> Outcome:
        return self._report_outcome(session, job, Outcome.FAILED, lambda: self._report(job, failed), failed.kind)

    def _report_outcome(
        self,
        session: SessionRunner,
        job: Job,
        outcome: Outcome,
        send: Callable[[], None],
        kind: ReportKind = ReportKind.UNKNOWN,
    ) -> Outcome:
        """Send an outcome, or, where the service refuses what the handler returned, a failure that says so. A job is
        not repeated because its answer was refused. Returns what to count."""
        try:
            return outcome if self._send(job, send) else Outcome.LOST
        except AuthError:
            raise
        except (ApiError, Unsendable) as refused:
            why = f"the handler's answer was refused: {refused}"
            logger.warning("%s %s: %s", job.account_id, job.phase, why)
            failed = JobFailed(why, code="answer_not_taken", kind=kind)
        try:
            return Outcome.FAILED if self._send(job, lambda: self._report(job, failed)) else Outcome.LOST
        except ApiError as refused:
            logger.error("the outcome of %s %s cannot be reported: %s", job.account_id, job.phase, refused)
            session.exclude(job.account_id)
            return Outcome.LOST

    def _send(self, job: Job, send: Callable[[], None]) -> bool:
        """Send an outcome until the service answers: a late one is accepted as long as nobody else took the account.
        Returns whether it was accepted."""

        def accepted() -> bool:
            send()
            return True

        try:
            answered = bool(ask_until_answered(accepted, self._outage, self._shutdown))
        except (errors.LeaseSuperseded, errors.PhaseNotInProgress, errors.AccountNotReady) as gone:
            logger.warning("%s %s was finished by others: %s", job.account_id, job.phase, gone)
            return False
        if not answered:
            logger.error("%s %s: the service did not answer; the outcome is not reported", job.account_id, job.phase)
        return answered

    def _complete(self, job: Job, done: Done, milliseconds: int) -> None:
        self._client.phases.complete_phase(
            job.account_id,
            job.phase,
            bot_session=job.lease.session_id,
            lease_token=job.lease.token,
            execution_time_ms=milliseconds,
            platform_response=_without_secrets(job, "platform_response", done.platform_response),
            performance_score=done.performance_score,
            finish=True,
        )
        logger.info("%s %s is done", job.account_id, job.phase)

    def _report(self, job: Job, failed: JobFailed) -> None:
        self._client.phases.report_error(
            job.account_id,
            bot_session=job.lease.session_id,
            lease_token=job.lease.token,
            phase=job.phase,
            kind=failed.kind,
            code=failed.code,
            message=_without_secrets(job, "message", failed.message)[:2000] or type(failed).__name__,
            details=_without_secrets(job, "details", failed.details) or None,
        )


def _without_secrets(job: Job, name: str, value: Any) -> Any:
    """Return what the service would keep of it: what looks like a secret never leaves this machine."""
    kept, pointers = masking.masked(value, f"/{name}")
    if pointers:
        logger.warning("%s %s: masked, as it looks like a secret: %s", job.account_id, job.phase, ", ".join(pointers))
    return kept
