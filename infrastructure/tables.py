"""The tables as CloudFormation resources, made from the models.

`python -m infrastructure.tables > infrastructure/tables.json` writes down what is in production, so that a change of a
model shows in a diff what it does to a table.
"""

import json
import sys
from typing import Any

from pynamodb.attributes import TTLAttribute

from chalicelib.tables import NAMES
from chalicelib.tables.base import Item


def logical_id(name: str) -> str:
    """`bot_sessions` → `BotSessionsTable`."""
    return "".join(part.capitalize() for part in name.split("_")) + "Table"


def resource(model: type[Item], name: str, *, kept: bool) -> dict[str, Any]:
    """One table: on demand, encrypted, with point-in-time recovery; in prod it is kept when the stack goes."""
    schema = model._get_schema()
    properties: dict[str, Any] = {
        "TableName": {"Fn::Sub": "${TablePrefix}" + name},
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": _sorted(schema["attribute_definitions"]),
        "KeySchema": _hash_first(schema["key_schema"]),
        "SSESpecification": {"SSEEnabled": True},
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        "DeletionProtectionEnabled": kept,
    }
    for attribute in model.get_attributes().values():
        if isinstance(attribute, TTLAttribute):
            properties["TimeToLiveSpecification"] = {"AttributeName": attribute.attr_name, "Enabled": True}
    indexes = [
        {
            "IndexName": index["index_name"],
            "KeySchema": _hash_first(index["key_schema"]),
            "Projection": dict(index["projection"]),
        }
        for index in schema["global_secondary_indexes"]
    ]
    if indexes:
        properties["GlobalSecondaryIndexes"] = sorted(indexes, key=lambda index: str(index["IndexName"]))
    policy = "Retain" if kept else "Delete"
    return {
        "Type": "AWS::DynamoDB::Table",
        "DeletionPolicy": policy,
        "UpdateReplacePolicy": policy,
        "Properties": properties,
    }


def _hash_first(rows: Any) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: str(row["KeyType"]))


def _sorted(rows: Any) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: str(row["AttributeName"]))


def resources(stage: str) -> dict[str, Any]:
    """Every table of a stage, by logical id."""
    named = sorted(NAMES.items(), key=lambda one: one[1])
    return {logical_id(name): resource(model, name, kept=stage == "prod") for model, name in named}


if __name__ == "__main__":
    json.dump(resources("prod"), sys.stdout, indent=2, sort_keys=True)
    sys.stdout.write("\n")
