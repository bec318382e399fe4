"""`warmup texts`: the texts of the pools, and adding to them."""

from typing import Annotated, Any

import typer

from warmup.api import models as shapes
from warmup.commands import items
from warmup.commands.common import DryRun, Format, Limit, Output, connect
from warmup.commands.imports import Import
from warmup.commands.items import COLUMNS, BadRows, Category, ModelId, Quality, Rows, Theme, Uses, read_only, warn
from warmup.commands.output import show, show_listed

app = typer.Typer(no_args_is_help=True, help="The texts of a model's pool.")
items.add_to(app, "texts", "text_id")


@app.command("add")
def add_text(
    context: typer.Context,
    model_id: ModelId,
    body: Annotated[str, typer.Argument(help="The text.")],
    category: Category,
    quality: Quality = 70,
    max_usage: Uses = 5,
    theme: Theme = None,
    output: Output = Format.TABLE,
) -> None:
    """Add a text to the pool. Adding the same text again creates no duplicate.

    Example: warmup texts add aurora "Up before the birds." --category bio
    """
    own = {"category": category, "quality_score": quality, "max_usage": max_usage, "theme": theme, "body": body}
    made = connect(context).texts.create(model_id, shapes.TextBody.model_validate(own))
    show([made], output, ("text_id", "replayed", "body", *COLUMNS))
    warn("the text", made)


@app.command("import")
def import_texts(
    context: typer.Context,
    model_id: ModelId,
    file: Rows,
    bad_rows: BadRows = None,
    dry_run: DryRun = False,
    output: Output = Format.TABLE,
) -> None:
    """Add many texts to the pool: columns category, quality_score, max_usage, theme, tags, body.

    A licence has the columns licensed_by and valid_until. Without a column text_id the service generates the ids.

    Example: warmup texts import aurora texts.csv
    """
    client = connect(context)

    def ask(body: str, media_type: str) -> Any:
        return client.texts.import_all(model_id, body, media_type=media_type, dry_run=dry_run)

    what = Import(ask, read_only=read_only(shapes.Text, shapes.TextBody))
    what.run(file, bad=bad_rows, output=output, dry_run=dry_run)


@app.command("list")
def list_texts(context: typer.Context, model_id: ModelId, limit: Limit = 1000, output: Output = Format.TABLE) -> None:
    """List the texts of a model.

    Example: warmup texts list aurora
    """
    found = connect(context).texts.list_all(model_id, limit=100)
    show_listed(found, limit, output, ("text_id", "body", *COLUMNS), "text")
