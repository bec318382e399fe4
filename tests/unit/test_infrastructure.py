"""Two truths that must agree: the models and the deployed tables."""

import json
from pathlib import Path

import pytest

from infrastructure import tables

WRITTEN = Path(__file__).parents[2] / "infrastructure" / "tables.json"


def test_what_is_written_down_is_what_the_models_say() -> None:
    """When it fails: python -m infrastructure.tables > infrastructure/tables.json."""
    assert json.loads(WRITTEN.read_text()) == tables.resources("prod")


@pytest.mark.parametrize(("stage", "kept"), [("prod", True), ("dev", False)])
def test_every_table_is_encrypted_and_recoverable_and_in_prod_kept(stage: str, kept: bool) -> None:
    for name, resource in tables.resources(stage).items():
        properties = resource["Properties"]
        assert properties["BillingMode"] == "PAY_PER_REQUEST", name
        assert properties["SSESpecification"]["SSEEnabled"], name
        assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], name
        assert properties["DeletionProtectionEnabled"] is kept, name
        assert (resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain") is kept, name
