"""The tables as CloudFormation resources, made from the models.

`python -m infrastructure.tables > infrastructure/tables.json` writes them anew.
"""

import json
import sys
from typing import Any

from chalicelib.tables import NAMES
from chalicelib.tables.base import Item


def logical_id(name: str) -> str:
    """`bot_sessions` → `BotSessionsTable`."""
    return "".join(part.capitalize() for part in name.split("_")) + "Table"


def resource(model: type[Item], name: str) -> dict[str, Any]:
    """One table: on demand, encrypted, with point-in-time recovery, kept when the stack goes."""
    schema = model._get_schema()
    properties: dict[str, Any] = {
        "TableName": {"Fn::Sub": "${TablePrefix}" + name},
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": _sorted(schema["attribute_definitions"]),
        "KeySchema": _hash_first(schema["key_schema"]),
        "SSESpecification": {"SSEEnabled": True},
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        "DeletionProtectionEnabled": True,
    }
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
    return {
        "Type": "AWS::DynamoDB::Table",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": properties,
    }


def _hash_first(rows: Any) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: str(row["KeyType"]))


def _sorted(rows: Any) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: str(row["AttributeName"]))


def template() -> dict[str, Any]:
    """What is merged into the packaged template."""
    tables = {logical_id(name): resource(model, name) for model, name in sorted(NAMES.items(), key=lambda one: one[1])}
    prefix = {"Type": "String", "Default": "warmup-", "Description": "What the names of all tables begin with"}
    return {"Parameters": {"TablePrefix": prefix}, "Resources": tables}


if __name__ == "__main__":
    json.dump(template(), sys.stdout, indent=2, sort_keys=True)
    sys.stdout.write("\n")
