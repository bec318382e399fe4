"""The edge: HTTP in and out, one file a noun, one-line views."""

from chalice.app import Blueprint

from chalicelib.routes import (
    accounts,
    audit,
    bots,
    claims,
    console,
    content,
    docs,
    health,
    issuer,
    leases,
    models,
    phases,
    pipeline,
    plans,
    review,
    sessions,
    stewardship,
    tasks,
    texts,
    users,
)

BLUEPRINTS: tuple[Blueprint, ...] = (
    *(
        noun.routes.blueprint
        for noun in (
            accounts,
            audit,
            bots,
            claims,
            content,
            health,
            issuer,
            leases,
            models,
            phases,
            pipeline,
            plans,
            review,
            sessions,
            stewardship,
            tasks,
            texts,
            users,
        )
    ),
    console.blueprint,
    docs.blueprint,
)
