"""`make operator-key`: makes an admin, as the service itself would, and shows the key, this once.

The first user has nobody to make him by the API. An engineer who can read the stack's secret and write its tables
could do anything anyway, and does it here by the service's own use case: the event is in the audit, the table holds the
HMAC only, and the key is rotated and revoked like any other.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

import boto3
from botocore.exceptions import ClientError, NoCredentialsError, NoRegionError

from chalicelib import context as contexts
from chalicelib import tables
from chalicelib.context import Actor, ActorKind
from chalicelib.domain.errors import ServiceError
from chalicelib.domain.permissions import Role
from chalicelib.services import users
from chalicelib.settings import Settings
from infrastructure.deploy import explained, stack_name
from infrastructure.resources import STAGES


def make(stage: str, name: str) -> users.NewUserKey | None:
    """A new admin of the stage with a first key; None where a user of that name is there already."""
    (stack,) = boto3.client("cloudformation").describe_stacks(StackName=stack_name(stage))["Stacks"]
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
    parameters = {one["ParameterKey"]: one["ParameterValue"] for one in stack["Parameters"]}
    secret = json.loads(
        boto3.client("secretsmanager").get_secret_value(SecretId=outputs["PepperSecret"])["SecretString"]
    )
    pepper = secret[f"edition-{parameters['PepperEdition']}"]
    settings = Settings(table_prefix=parameters["TablePrefix"], pepper=pepper)
    tables.bind(settings, calls_aws=True)
    context = contexts.begin(settings, Actor(ActorKind.OPERATOR, "deployer", role=Role.ADMIN))
    _, key = users.create(context, users.NewUser(name, name, Role.ADMIN))
    return key


def main(arguments: Sequence[str] | None = None) -> None:
    """The command: python -m infrastructure.operator_key --stage dev --name ada."""
    parser = argparse.ArgumentParser(prog="make operator-key", description=__doc__.partition("\n")[0])
    parser.add_argument("--stage", choices=STAGES, required=True)
    parser.add_argument("--name", default="operator", help="the user's id")
    asked: Any = parser.parse_args(arguments)
    region = boto3.session.Session().region_name
    try:
        if region is None:
            raise NoRegionError()
        os.environ.setdefault("AWS_DEFAULT_REGION", region)  # the service looks for it there alone
        key = make(asked.stage, asked.name)
    except (ClientError, NoCredentialsError, NoRegionError, ServiceError) as error:
        sys.exit(f"make operator-key: {explained(error)}")
    if key is None:
        sys.exit(
            f"make operator-key: the user {asked.name} is there already, and no key is shown twice. Take another "
            "NAME; with that key, POST /api/operator/users/ID/keys makes a new one for the first."
        )
    print(key.key)


if __name__ == "__main__":
    main()
