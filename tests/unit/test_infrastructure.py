"""Two truths that must agree: the models and the deployed tables."""

import json
from pathlib import Path

from infrastructure.tables import template

WRITTEN = Path(__file__).parents[2] / "infrastructure" / "tables.json"


def test_the_written_template_holds_the_tables_of_the_models() -> None:
    """When it fails: python -m infrastructure.tables > infrastructure/tables.json."""
    assert json.loads(WRITTEN.read_text()) == template()


def test_every_table_is_encrypted_recoverable_and_kept() -> None:
    for name, resource in template()["Resources"].items():
        properties = resource["Properties"]
        assert properties["SSESpecification"]["SSEEnabled"], name
        assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], name
        assert properties["DeletionProtectionEnabled"] and resource["DeletionPolicy"] == "Retain", name
