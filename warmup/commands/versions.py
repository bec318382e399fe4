"""Which version of a plan a command means, and how it is called."""

from typing import Annotated

import typer

from warmup.api.models import ChangedPlan, PlanVersion
from warmup.client import Client
from warmup.commands.common import Exit, fail

Plan = Annotated[str, typer.Argument(help="A plan (its newest published version), or one version: slow/2.")]


def version_named(client: Client, plan: str) -> PlanVersion:
    """Return the version that is named, else the newest that is published, else the newest."""
    name, _, number = plan.partition("/")
    if number:
        if not number.isdecimal():
            raise fail(Exit.USAGE, f"{plan}: a version is a number, as in slow/2.")
        return client.plans.get_version(name, int(number))
    found = client.plans.get(name)
    return client.plans.get_version(name, found.newest_published or max(one.version for one in found.versions))


def name_of(plan: PlanVersion | ChangedPlan) -> str:
    """Return the plan with its version: slow/2."""
    return f"{plan.name}/{plan.version}"
