"""`get`, `edit` and `withdraw` of one item of a pool: the same for media and for texts."""

from pathlib import Path
from typing import Annotated, Any

import typer

from warmup.api.models import ItemRights, LicenceBody
from warmup.commands import imports
from warmup.commands.common import Exit, Format, Output, Reason, connect, fail, say
from warmup.commands.output import show, show_one

ModelId = Annotated[str, typer.Argument(metavar="MODEL", help="The model of the pool.")]
COLUMNS = (
    "category",
    "status",
    "usage_count",
    "max_usage",
    "theme",
    "quality_score",
    "enabled",
    "successes",
    "failures",
)
_SHOWN = (*COLUMNS, "licence.licensed_by", "licence.valid_until")
_Item = Annotated[str, typer.Argument(metavar="ITEM", help="The item.")]
_Category = Annotated[str | None, typer.Option("--category", "-c", help="pfp, bio, post, highlight, story or any.")]
_Quality = Annotated[float | None, typer.Option("--quality", min=0, max=100, help="Its quality score, 0 to 100.")]
_Uses = Annotated[int | None, typer.Option("--max-usage", min=1, help="How often it may be used.")]
_Theme = Annotated[str | None, typer.Option("--theme", help='One of the model\'s themes; "" for none.')]
_Tags = Annotated[str | None, typer.Option("--tags", help='All its tags, separated by spaces; "" for none.')]
_By = Annotated[str | None, typer.Option("--licensed-by", help='The licensor; "" removes the licence.')]
_Until = Annotated[
    str | None,
    typer.Option("--valid-until", help='The last day of the licence (2026-12-31), or an instant; "" for no end.'),
]
_Why = Annotated[str | None, typer.Option("--reason", help="The reason; it is recorded in the audit.")]
_Body = Annotated[str | None, typer.Option("--body", help="The text, until it was first given to an account.")]
Category = Annotated[str, typer.Option("--category", "-c", help="pfp, bio, post, highlight, story or any.")]
Quality = Annotated[float, typer.Option("--quality", min=0, max=100, help="Its quality score, 0 to 100.")]
Uses = Annotated[int, typer.Option("--max-usage", min=1, help="How often it may be used.")]
Theme = Annotated[str | None, typer.Option("--theme", help="One of the model's themes.")]
BadRows = Annotated[Path | None, typer.Option("--bad-rows", help="File for the bad rows. [default: FILE.bad.csv]")]
Rows = Annotated[Path, typer.Argument(help=imports.FILE)]


def read_only(shown: Any, taken: Any) -> frozenset[str]:
    """Return the members that the service shows of an item and does not accept."""
    return frozenset(shown.model_fields) - frozenset(taken.model_fields)


def warn(what: str, made: Any) -> None:
    """Show the warnings about an item that was just created."""
    for warning in made.warnings:
        say(f"{what}: {warning}", style="yellow")


def add_to(app: typer.Typer, noun: str, key: str) -> None:
    """Add the commands for `content` or `texts`, whose items are named by `key`."""

    def ask(context: typer.Context) -> Any:
        return getattr(connect(context), noun)  # the two nouns have the same operations on other shapes

    def get(context: typer.Context, model_id: ModelId, item_id: _Item, output: Output = Format.TABLE) -> None:
        show_one(ask(context).get(model_id, item_id), output)

    def edit(
        context: typer.Context,
        model_id: ModelId,
        item_id: _Item,
        category: _Category = None,
        quality: _Quality = None,
        max_usage: _Uses = None,
        theme: _Theme = None,
        tags: _Tags = None,
        licensed_by: _By = None,
        valid_until: _Until = None,
        reason: _Why = None,
        output: Output = Format.TABLE,
    ) -> None:
        given = {"category": category, "quality_score": quality, "max_usage": max_usage}
        _edit(ask(context), model_id, item_id, given, theme, tags, (licensed_by, valid_until), reason, output, key)

    def edit_text(
        context: typer.Context,
        model_id: ModelId,
        item_id: _Item,
        body: _Body = None,
        category: _Category = None,
        quality: _Quality = None,
        max_usage: _Uses = None,
        theme: _Theme = None,
        tags: _Tags = None,
        licensed_by: _By = None,
        valid_until: _Until = None,
        reason: _Why = None,
        output: Output = Format.TABLE,
    ) -> None:
        given = {"category": category, "quality_score": quality, "max_usage": max_usage, "body": body}
        _edit(ask(context), model_id, item_id, given, theme, tags, (licensed_by, valid_until), reason, output, key)

    def withdraw(
        context: typer.Context, model_id: ModelId, item_id: _Item, reason: Reason, output: Output = Format.TABLE
    ) -> None:
        found = ask(context).edit(model_id, item_id, status=ItemRights.WITHDRAWN, reason=reason)
        _show(found, output, key)

    example = f"Example: warmup {noun}"
    app.command("get", help=f"Show one item, with its use and its licence.\n\n{example} get aurora ITEM")(get)
    app.command(
        "edit",
        help=f"Change an item: category, quality, cap, theme, tags, licence; what is not passed stays.\n\n"
        f"{example} edit aurora ITEM --category story --valid-until 2027-12-31",
    )(edit_text if noun == "texts" else edit)
    app.command(
        "withdraw",
        help="Withdraw an item from selection at once, and show which accounts have it.\n\n"
        f'{example} withdraw aurora ITEM --reason "the licence was revoked"',
    )(withdraw)


def _edit(
    operations: Any,
    model_id: str,
    item_id: str,
    given: dict[str, Any],
    theme: str | None,
    tags: str | None,
    licence: tuple[str | None, str | None],
    reason: str | None,
    output: Format,
    key: str,
) -> None:
    """Change what is given (None: not)."""
    changes = {name: value for name, value in given.items() if value is not None}
    if theme is not None:
        changes["theme"] = theme or None
    if tags is not None:
        changes["tags"] = tags.split()
    if licence != (None, None):
        changes |= _licence(operations, model_id, item_id, *licence)
    if not changes:
        raise fail(Exit.USAGE, "Nothing to change: pass what to change, such as --category story.")
    if reason is not None:
        changes["reason"] = reason
    _show(operations.edit(model_id, item_id, **changes), output, key)


def _licence(operations: Any, model_id: str, item_id: str, by: str | None, until: str | None) -> dict[str, Any]:
    """Return the change of a licence; what is not given stays, if it has not changed meanwhile."""
    if by == "":
        if until:
            raise fail(Exit.USAGE, "A licence that is removed has no --valid-until.")
        return {"licence": None}
    if by is not None and until is not None:
        return {"licence": LicenceBody(licensed_by=by, valid_until=until or None)}
    there = operations.get(model_id, item_id)
    if by is None and there.licence is None:
        raise fail(Exit.USAGE, f"{item_id} has no licence: pass --licensed-by, too.")
    kept = there.licence
    licensed_by = by if by is not None else kept.licensed_by
    valid_until = (until or None) if until is not None else (kept.valid_until if kept is not None else None)
    return {"licence": LicenceBody(licensed_by=licensed_by, valid_until=valid_until), "if_match": f'"{there.version}"'}


def _show(found: Any, output: Format, key: str) -> None:
    show([found], output, (key, "replayed", *_SHOWN))
    held = [one.account_id for one in found.users or () if one.hold == "held"]
    if held:
        say(f"In use now (the workers learn of it): {', '.join(held)}")
