"""`warmup claims`: after an upgrade, claims what exists already, and lists what clashes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import typer

from warmup.api.models import Claims, Clash
from warmup.client import Client
from warmup.commands.common import DryRun, Format, Output, connect, say
from warmup.commands.output import show
from warmup.terminal import counted


@dataclass(slots=True)
class _Walk:
    """All steps of the walk, added up."""

    client: Client
    dry_run: bool
    scanned: int = 0
    claimed: int = 0

    def clashes(self) -> Iterator[Clash]:
        """Yield what clashes, as it is found."""
        yield from self._through(self.client.claims.accounts)
        for model in self.client.models.list_all(limit=100):
            yield from self._through(partial(self.client.claims.texts, model.model_id))

    def _through(self, step: Callable[..., Claims]) -> Iterator[Clash]:
        cursor = None
        while True:
            page = step(dry_run=self.dry_run, limit=100, cursor=cursor)
            self.scanned, self.claimed = self.scanned + page.scanned_count, self.claimed + page.claimed
            yield from page.clashes
            cursor = page.next_cursor
            if cursor is None:
                return


def claims(context: typer.Context, dry_run: DryRun = False, output: Output = Format.TABLE) -> None:
    """Claim the profiles of all accounts and the words of all texts that an earlier release left without a claim.

    Where two look the same, neither is changed: both are listed. It can be repeated at any time.

    Example: warmup claims --dry-run
    """
    walk = _Walk(connect(context), dry_run)
    clashing = show(walk.clashes(), output, ("item_id", "model_id", "detail"))
    verb = "would be claimed" if dry_run else "claimed"
    say(f"{counted(walk.scanned, 'row')} read, {walk.claimed:,} {verb}; {clashing:,} clash with another")
