"""The tables: PynamoDB models and their verbs; one verb, one write."""

from chalicelib.settings import Settings
from chalicelib.tables import base
from chalicelib.tables.accounts import Account
from chalicelib.tables.assignments import Assignment
from chalicelib.tables.audit_events import AuditEvent
from chalicelib.tables.bots import Bot
from chalicelib.tables.fingerprints import Fingerprint
from chalicelib.tables.models import CreatorModel
from chalicelib.tables.phases import Phase
from chalicelib.tables.plans import StoredPlan
from chalicelib.tables.pools import Content, Text
from chalicelib.tables.profiles import AccountProfile
from chalicelib.tables.sessions import Session
from chalicelib.tables.settings import Setting
from chalicelib.tables.users import User

NAMES: dict[type[base.Item], str] = {
    model: base.name_of(model)
    for model in (
        *(Account, Phase, Content, Text, Fingerprint, Assignment, Bot, Session, CreatorModel, Setting),
        *(AuditEvent, StoredPlan, AccountProfile, User),
    )
}


def bind(settings: Settings, *, calls_aws: bool | None = None) -> None:
    """Binds every table to its name in this deployment.

    `calls_aws`: whether this process may call AWS's own hosts; None: only where Lambda runs it.
    """
    base.bind({model: settings.table_prefix + name for model, name in NAMES.items()}, calls_aws=calls_aws)


def create_all() -> None:
    """Creates every table that is not there, for the sandbox and the tests; a deployment has its template."""
    base.create(NAMES)


__all__ = [
    "NAMES",
    "Account",
    "AccountProfile",
    "Assignment",
    "AuditEvent",
    "Bot",
    "Content",
    "CreatorModel",
    "Fingerprint",
    "Phase",
    "Session",
    "Setting",
    "StoredPlan",
    "Text",
    "User",
    "bind",
    "create_all",
]
