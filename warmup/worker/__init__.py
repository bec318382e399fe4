"""A bot's loop: find work, do it, report the outcome; a thread beside it sends the heartbeats.

worker      `Worker`, which a bot's author uses: handlers, run, stop, signals
polling     what free slots can do: accounts claimed, or chosen from the list of ready ones
job_runner  one job, from the offer to the report
handlers    the author's functions, by phase, and how their exceptions are reported
session     one session: the leases that it holds, and its heartbeats
shutdown    whether the worker has to end, and how long it may still ask the service
outage      what is logged and repeated while the service is unavailable

The worker waits for a service that is unavailable, and reports what it did meanwhile once the service is back. It
reports nothing of a lease that it has lost. Everything that asks the service runs in threads that are left behind
where the service does not let them end in time.
"""

from warmup.worker.tally import Tally
from warmup.worker.worker import Worker

__all__ = ["Tally", "Worker"]
