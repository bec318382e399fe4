"""`warmup accounts`: list, get, import, export, edit, erase, consent, withdraw-consent, ready, pause, resume, watch."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from warmup.api.models import AccountBody, ListedAccount, QueuePlace
from warmup.client import Client
from warmup.commands import imports
from warmup.commands.common import DryRun, Format, Limit, Output, Reason, Yes, confirm, connect, say
from warmup.commands.moves import Moves
from warmup.commands.output import show, show_listed, show_one
from warmup.commands.progress import counting
from warmup.problems import WarmupError
from warmup.terminal import counted
from warmup.transport import UNSET, Unset

app = typer.Typer(no_args_is_help=True, help="The accounts that the service warms up.")
_MOST_ADDED = 5000
COLUMNS = ("account_id", "state", "current_phase", "phase_status", "due_at", "username", "model_id")
CONSENT = (
    *("account_id", "state", "consent_state", "consent.granted_by", "consent.granted_at", "consent.valid_until"),
    "consent.reference",
)
State = Annotated[str | None, typer.Option("--state", help="imported, ready, warming_up, active, paused, retired.")]
Model = Annotated[str | None, typer.Option("--model", "-m", help="Of this model only.")]
Status = Annotated[str | None, typer.Option("--phase-status", help="With this status of the current phase.")]
Ids = Annotated[
    list[str] | None, typer.Argument(metavar="[ACCOUNT]...", help="Accounts; without any, --model or --all.")
]
All = Annotated[bool, typer.Option("--all", help="All accounts, of all models.")]


@app.command("list")
def list_all(
    context: typer.Context,
    state: State = None,
    model: Model = None,
    phase_status: Status = None,
    plan: Annotated[str | None, typer.Option("--plan", help="With this plan, or this version: slow/1.")] = None,
    limit: Limit = 1000,
    output: Output = Format.TABLE,
) -> None:
    """List accounts.

    Example: warmup accounts list --state warming_up --model aurora
    """
    accounts = connect(context).accounts
    found = accounts.list_all(limit=100, state=state, model_id=model, phase_status=phase_status, plan=plan)
    show_listed(found, limit, output, COLUMNS, "account")


@app.command()
def get(context: typer.Context, account_id: str, output: Output = Format.TABLE) -> None:
    """Show one account: its phases, and its place in the queue, or why it is not offered.

    Example: warmup accounts get aurora-01
    """
    found = connect(context).accounts.get(account_id)
    if output in (Format.JSON, Format.JSONL):
        show_one(found, output)
        return
    say(f"{found.account_id} ({found.username}) is {found.state}")
    for blocker in found.blockers:
        say(f"  not offered: {blocker.detail}")
    if found.queue_place is not None:
        say(f"  offered: {_standing(found.queue_place, found.model_id)}")
    show(found.phases, output, ("phase", "status", "available_at", "completed_at", "retry_count", "error_message"))


def _standing(place: QueuePlace, model_id: str) -> str:
    """Say what comes before an account, and how often it is its model's turn."""
    accounts = counted(place.before, "account")
    first = (
        f"{'more than ' * place.more_before}{accounts} of {model_id} before it" if place.before else "next of its model"
    )
    return (
        first if place.models == 1 else f"{first}, which gets {place.share:.0%} of the turns of {place.models} models"
    )


@app.command("import")
def import_all(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help=imports.FILE)],
    bad_rows: Annotated[
        Path | None, typer.Option("--bad-rows", help="File for the bad rows. [default: FILE.bad.csv]")
    ] = None,
    dry_run: DryRun = False,
    output: Output = Format.TABLE,
) -> None:
    """Import many accounts. A bad row does not stop the others; importing a file again creates no duplicates.

    Columns: account_id, model_id, username, theme, tags, granted_by, granted_at (a day, or an instant), reference,
    valid_until (likewise).

    Example: warmup accounts import accounts.csv --dry-run
    """
    client, created = connect(context), Counter[str]()

    def ask(body: str, media_type: str) -> Any:
        found = client.accounts.import_all(body, media_type=media_type, dry_run=dry_run, warn=False)
        created.update(found.created_by_model)
        return found

    read_only = frozenset(ListedAccount.model_fields) - frozenset(AccountBody.model_fields)
    try:
        imports.Import(ask, read_only=read_only).run(file, bad=bad_rows, output=output, dry_run=dry_run)
    finally:
        for warning in _shortfalls(client, created, dry_run=dry_run):
            say(warning, style="yellow")


def _shortfalls(client: Client, created: Mapping[str, int], *, dry_run: bool) -> Iterator[str]:
    """Yield warnings where the pools do not suffice for an import: asked once, after all parts of it."""
    for model_id, count in sorted(created.items()):
        adding = min(count, _MOST_ADDED) if dry_run else 0
        try:
            found = client.stewardship.availability(model_id, adding=adding)
        except WarmupError as error:
            yield f"It is not known whether the pools of {model_id} suffice for the accounts: {error}"
            continue
        yield from found.warnings
        if found.has_more or adding < (count if dry_run else 0):
            yield f"{model_id} is too large to be read whole: only a part of its accounts or items was checked."


@app.command()
def export(
    context: typer.Context,
    account_id: Annotated[str | None, typer.Argument(help="All that is kept of this account, as JSON.")] = None,
    state: State = None,
    model: Model = None,
    output: Output = Format.JSONL,
) -> None:
    """Write all accounts to standard output; or all that is kept of one, with its history and its audit.

    Example: warmup accounts export --state active -o csv > active.csv

    Example: warmup accounts export aurora-01 > aurora-01.json
    """
    if account_id is not None:
        show_one(connect(context).accounts.export(account_id), Format.JSON)
        return
    with counting("accounts") as seen:
        count = show(seen(connect(context).accounts.list_all(limit=100, state=state, model_id=model)), output, COLUMNS)
    say(counted(count, "account"))


@app.command()
def consent(
    context: typer.Context,
    account_id: Annotated[str, typer.Argument(help="The account.")],
    granted_by: Annotated[str, typer.Option("--granted-by", help="The owner of the account, who gave the consent.")],
    granted_at: Annotated[
        str, typer.Option("--granted-at", help="The day (2026-01-31) or the instant of the consent.")
    ],
    reference: Annotated[
        str, typer.Option("--reference", help="Where the consent is recorded, such as a contract's number.")
    ],
    valid_until: Annotated[
        str | None, typer.Option("--valid-until", help="The last day, or the last instant; without it no end.")
    ] = None,
    output: Output = Format.TABLE,
) -> None:
    """Record the consent of an account's owner: nothing is handed out without it. A new one lifts a withdrawal.

    Example: warmup accounts consent aurora-01 --granted-by "A. Lind" --granted-at 2026-01-01 --reference "contract 7"
    """
    found = connect(context).accounts.consent(
        account_id, granted_by=granted_by, granted_at=granted_at, reference=reference, valid_until=valid_until
    )
    show([found], output, CONSENT)


@app.command("withdraw-consent")
def withdraw_consent(
    context: typer.Context,
    reason: Reason,
    account_id: Annotated[str | None, typer.Argument(help="The account.")] = None,
    model: Annotated[str | None, typer.Option("--model", "-m", help="A model as a whole, with its items.")] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    output: Output = Format.TABLE,
) -> None:
    """Withdraw the consent of an account's owner: its worker loses it at once, and nothing is handed out any more.

    With --model those of all its accounts; the model is paused, and its media and texts are withdrawn, too.

    Example: warmup accounts withdraw-consent aurora-01 --reason "the owner called"

    Example: warmup accounts withdraw-consent --model aurora --reason "she left the agency" --dry-run
    """
    if (account_id is None) == (model is None):
        raise typer.BadParameter("Name an account, or a model.")
    if model is not None:
        if not dry_run:
            confirm(f"Withdraw all accounts and all items of {model}?", yes=yes)
        show(_withdrawn(connect(context), model, reason, dry_run=dry_run), output, ("kind", "id", "outcome", "detail"))
        return
    found = connect(context).accounts.withdraw_consent(str(account_id), reason=reason)
    show([found], output, CONSENT)


def _withdrawn(client: Client, model: str, reason: str, *, dry_run: bool) -> Iterator[Any]:
    """What became of each account and item of a model, step by step."""
    cursor: str | None = None
    while True:
        step = client.models.withdraw_consent(model, reason=reason, dry_run=dry_run, cursor=cursor)
        yield from step.results
        cursor = step.next_cursor
        if cursor is None:
            return


@app.command()
def edit(
    context: typer.Context,
    account_id: Annotated[str, typer.Argument(help="The account.")],
    username: Annotated[str | None, typer.Option("--username", help="Its new user name.")] = None,
    theme: Annotated[str | None, typer.Option("--theme", help="Its new theme; '' takes it away.")] = None,
    tag: Annotated[list[str] | None, typer.Option("--tag", help="A tag, once for each; '' takes all away.")] = None,
    external_ref: Annotated[
        str | None, typer.Option("--external-ref", help="Its reference elsewhere; '' takes it away.")
    ] = None,
    output: Output = Format.TABLE,
) -> None:
    """Correct what is said of an account: only what is named is changed.

    Example: warmup accounts edit aurora-01 --username aurora.by.the.sea --tag vip
    """
    found = connect(context).accounts.edit(
        account_id,
        username=UNSET if username is None else username,
        theme=_new(theme),
        tags=UNSET if tag is None else [one for one in tag if one],
        external_ref=_new(external_ref),
    )
    show([found], output, ("account_id", "state", "username", "theme", "tags", "external_ref"))


def _new(text: str | None) -> str | Unset | None:
    """What is sent of an option: nothing without it, null for an empty text."""
    return UNSET if text is None else text or None


@app.command()
def erase(
    context: typer.Context,
    account_id: Annotated[str, typer.Argument(help="The account.")],
    reason: Reason,
    yes: Yes = False,
    output: Output = Format.TABLE,
) -> None:
    """Erase all words of persons of an account for good, and retire it; what it did stays in the audit.

    Example: warmup accounts erase aurora-01 --reason "the owner asked for it" --yes
    """
    confirm(f"Erase all words of persons of {account_id}, for good?", yes=yes)
    found = connect(context).accounts.erase(account_id, reason=reason)
    show([found], output, ("account_id", "state", "username", "erased_at"))


@app.command()
def ready(
    context: typer.Context,
    reason: Reason,
    account_ids: Ids = None,
    model: Model = None,
    everything: All = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    output: Output = Format.TABLE,
) -> None:
    """Mark accounts as ready to be warmed up: those named, or all that are imported.

    Example: warmup accounts ready aurora-01 aurora-02 --reason "the owner agreed"

    Example: warmup accounts ready --model aurora --reason "the owner agreed" --dry-run
    """
    move = Moves(connect(context), "ready", reason, output, dry_run=dry_run, yes=yes)
    move.go(account_ids, model, everything, lambda client, one: client.accounts.ready(one, reason=reason))


@app.command()
def pause(
    context: typer.Context,
    reason: Reason,
    account_ids: Ids = None,
    model: Model = None,
    everything: All = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    output: Output = Format.TABLE,
) -> None:
    """Pause accounts (those named, or all): no new work of theirs is handed out; what is under way may be finished.

    Example: warmup accounts pause aurora-01 --reason "the owner asked for it"

    Example: warmup accounts pause --model aurora --reason "new pictures are coming" --yes
    """
    move = Moves(connect(context), "pause", reason, output, dry_run=dry_run, yes=yes)
    move.go(account_ids, model, everything, lambda client, one: client.accounts.pause(one, reason=reason))


@app.command()
def resume(
    context: typer.Context,
    reason: Reason,
    account_ids: Ids = None,
    model: Model = None,
    everything: All = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    output: Output = Format.TABLE,
) -> None:
    """Resume accounts: those named, or all that are paused.

    Example: warmup accounts resume aurora-01 --reason "all is well"
    """
    move = Moves(connect(context), "resume", reason, output, dry_run=dry_run, yes=yes)
    move.go(account_ids, model, everything, lambda client, one: client.accounts.resume(one, reason=reason))


@app.command()
def restore(context: typer.Context, account_id: str, reason: Reason, output: Output = Format.TABLE) -> None:
    """Restore a retired account as imported; its used items and its audit stay.

    Example: warmup accounts restore aurora-01 --reason "retired by mistake"
    """
    show([connect(context).accounts.restore(account_id, reason=reason)], output, ("account_id", "state", "username"))


@app.command()
def watch(
    context: typer.Context,
    model: Model = None,
    every: Annotated[float, typer.Option(min=0.1, help="Seconds between two polls.")] = 2.0,
    times: Annotated[
        int | None, typer.Option(min=1, help="How many polls; without it, until you press Ctrl-C.")
    ] = None,
    output: Output = Format.JSONL,
) -> None:
    """Write a line for each account whose state or phase has changed since the last poll; at first for all.

    Example: warmup accounts watch --every 1 -o csv
    """
    client, before, polls = connect(context), dict[str, tuple[object, ...]](), 0
    try:
        while True:
            changed: list[ListedAccount] = []
            for one in client.accounts.list_all(limit=100, model_id=model):
                seen = (one.state, one.current_phase, one.phase_status)
                if before.get(one.account_id) != seen:
                    before[one.account_id] = seen
                    changed.append(one)
            show(changed, output, COLUMNS)
            polls += 1
            if polls == times:
                return
            time.sleep(every)
    except KeyboardInterrupt:
        say(f"Stopped after {counted(polls, 'poll')} at {counted(len(before), 'account')}.")
