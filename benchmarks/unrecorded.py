"""The sandbox without audit events and log lines, to see what they cost: run as `python -m warmup` is."""

from benchmarks.requests import no_events
from chalicelib.logs import Logs
from chalicelib.tables.transaction import Transaction
from warmup.cli import main

if __name__ == "__main__":
    Transaction.put = no_events(Transaction.put)  # type: ignore[method-assign]  # replaced on purpose
    Logs.request = lambda *_, **__: None  # type: ignore[method-assign]  # replaced on purpose
    main()
