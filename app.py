"""The composition root: settings, tables, edge, routes and schedules. Imported by nobody but Lambda and the sandbox."""

import os

from chalice.app import Chalice, CloudWatchEvent, Rate

from chalicelib import schedules, tables
from chalicelib.edge.routing import install
from chalicelib.routes import BLUEPRINTS
from chalicelib.settings import Settings

settings = Settings.from_environ(os.environ)
tables.bind(settings)

app = Chalice(app_name="warmup", configure_logs=False)
install(app, settings)
for blueprint in BLUEPRINTS:
    app.register_blueprint(blueprint)


# Schedules stand here and not in a blueprint: their Lambda would otherwise never import this file.
@app.schedule(Rate(1, unit=Rate.MINUTES), name="open_due_phases")
def open_due_phases(event: CloudWatchEvent) -> dict[str, int]:
    """Opens, reopens and expires what fell due."""
    return schedules.open_due_phases()


@app.schedule(Rate(1, unit=Rate.MINUTES), name="close_lost_sessions")
def close_lost_sessions(event: CloudWatchEvent) -> dict[str, int]:
    """Marks sessions that were not heard of as lost."""
    return schedules.close_lost_sessions()


@app.schedule(Rate(1, unit=Rate.HOURS), name="watch_pools")
def watch_pools(event: CloudWatchEvent) -> dict[str, int]:
    """Looks ahead at every model's pools."""
    return schedules.watch_pools()
