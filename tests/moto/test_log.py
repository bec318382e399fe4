"""The service's logger is the process's own: here it is quiet, and for who comes after it is as it was."""

import logging

from warmup.testing import moto_service


def test_the_log_is_quiet_while_the_service_runs_and_afterwards_as_it_was() -> None:
    logger = logging.getLogger("warmup")
    with moto_service() as service:
        during = logger.level
        service.stock()
    assert (during, logger.level) == (logging.WARNING, logging.INFO)
