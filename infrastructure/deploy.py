"""`make deploy` and `make destroy`: the package to AWS and away again, by CloudFormation change sets.

package ─► artifact bucket ─► change set ─ looked at: is data replaced or removed? ─► executed ─► smoke test

Credentials and region come from where the AWS tools look for them (environment, profile).
"""

import argparse
import contextlib
import hashlib
import json
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError, NoCredentialsError, NoRegionError

from infrastructure.package import OUT, Package, PackagingFailed, package, this_machine
from infrastructure.resources import STAGES

Outputs = Mapping[str, str]
_HOLDS_DATA = frozenset({"AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::SecretsManager::Secret"})
_CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
_LONGEST_DEPLOYMENT = 1800.0
_SMOKE_ATTEMPTS = 10
_CODE = "./deployment.zip"
_EMULATOR = "AWS_ENDPOINT_URL"


class DeploymentFailed(Exception):
    """What CloudFormation or the smoke test says; the message says what to do."""


def stack_name(stage: str) -> str:
    """The name of a stage's stack."""
    return f"warmup-{stage}"


def explained(error: Exception) -> str:
    """What went wrong, and what to do where AWS's words do not say it."""
    match error:
        case NoRegionError():
            return "which region? export AWS_DEFAULT_REGION=eu-west-1, or name one in the profile"
        case NoCredentialsError():
            return "no credentials: export AWS_PROFILE=…, until `aws sts get-caller-identity` answers"
        case _:
            return str(error)


def say(text: str) -> None:
    """A line on how far it is."""
    print(f"{datetime.now(UTC):%H:%M:%S} {text}", file=sys.stderr, flush=True)


def url_of(outputs: Outputs) -> str:
    """Where the API answers. An emulator, which AWS_ENDPOINT_URL names, serves it under its own address."""
    emulator = os.environ.get(_EMULATOR)
    return f"{emulator}/restapis/{outputs['RestAPIId']}/v1/_user_request_" if emulator else outputs["ApiUrl"]


def deploy(stage: str, made: Package, *, parameters: Mapping[str, str], patience: float = 2.0) -> Outputs:
    """Deploys the package and calls it; the stack's outputs. What is not named in `parameters` keeps its value.

    Raises DeploymentFailed, before anything is changed where a table, the bucket or the pepper would be replaced.
    """
    cloudformation, name = boto3.client("cloudformation"), stack_name(stage)
    bucket = _artifact_bucket()
    template_url = _upload(bucket, stage, made)
    exists = _exists(cloudformation, name)
    known = set(json.loads(made.template.read_text())["Parameters"])
    if unknown := sorted(set(parameters) - known):
        raise DeploymentFailed(f"there is no parameter {unknown[0]}; there are {', '.join(sorted(known))}")
    kept = _parameters_of(cloudformation, name) & known - set(parameters) if exists else set()
    change_set = f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
    cloudformation.create_change_set(
        StackName=name,
        ChangeSetName=change_set,
        ChangeSetType="UPDATE" if exists else "CREATE",
        TemplateURL=template_url,
        Capabilities=_CAPABILITIES,
        Parameters=[
            *({"ParameterKey": key, "ParameterValue": value} for key, value in sorted(parameters.items())),
            *({"ParameterKey": key, "UsePreviousValue": True} for key in sorted(kept)),
        ],
        Tags=[{"Key": "service", "Value": "warmup"}, {"Key": "stage", "Value": stage}],
    )
    if _is_ready(cloudformation, name, change_set, patience):
        _refuse_to_lose_data(cloudformation, name, change_set)
        cloudformation.execute_change_set(StackName=name, ChangeSetName=change_set)
        _wait(cloudformation, name, patience)
    else:
        say("nothing has changed")
    outputs = _outputs(cloudformation, name)
    smoke(url_of(outputs), patience)
    return outputs


def destroy(stage: str, patience: float = 2.0) -> None:
    """Deletes the stack. In dev all data goes with it; in prod the tables, the bucket and the pepper stay.

    Raises DeploymentFailed.
    """
    cloudformation, name = boto3.client("cloudformation"), stack_name(stage)
    if not _exists(cloudformation, name):
        say(f"there is no stack {name}")
        return
    if stage != "prod":
        _empty(_outputs(cloudformation, name)["MediaBucketName"])
    stack_id = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackId"]
    say(f"deleting {name} …")
    cloudformation.delete_stack(StackName=name)
    _wait(cloudformation, stack_id, patience, ended="DELETE_COMPLETE")


# the artifacts


def _artifact_bucket() -> str:
    account, region = boto3.client("sts").get_caller_identity()["Account"], boto3.session.Session().region_name
    s3, name = boto3.client("s3"), f"warmup-artifacts-{account}-{region}"
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    try:
        s3.create_bucket(Bucket=name, **where)
    except ClientError as error:
        if error.response["Error"]["Code"] != "BucketAlreadyOwnedByYou":
            raise
    s3.put_public_access_block(
        Bucket=name,
        PublicAccessBlockConfiguration=dict.fromkeys(
            ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
        ),
    )
    return name


def _upload(bucket: str, stage: str, made: Package) -> str:
    """Uploads the code under its own hash, then the template that names it; the template's URL."""
    s3 = boto3.client("s3")
    code = made.zip.read_bytes()
    key = f"{stage}/{hashlib.sha256(code).hexdigest()}.zip"
    say(f"uploading {len(code) / 1e6:.1f} MB …")
    s3.put_object(Bucket=bucket, Key=key, Body=code)
    text = made.template.read_text().replace(json.dumps(_CODE), json.dumps(f"s3://{bucket}/{key}"))
    template_key = f"{stage}/{hashlib.sha256(text.encode()).hexdigest()}.json"
    s3.put_object(Bucket=bucket, Key=template_key, Body=text.encode(), ContentType="application/json")
    return f"{s3.meta.endpoint_url}/{bucket}/{template_key}"


def _empty(bucket: str) -> None:
    s3 = boto3.client("s3")
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for one in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
            s3.delete_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])


# the stack


def _exists(cloudformation: Any, name: str) -> bool:
    """Whether the stack is there; one that never came to be is cleared away. Raises DeploymentFailed."""
    try:
        (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            return False
        raise
    status = stack["StackStatus"]
    if status == "ROLLBACK_COMPLETE":
        say(f"{name} failed to be created before: clearing it away")
        cloudformation.delete_stack(StackName=name)
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack["StackId"])
        return False
    if status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS":
        raise DeploymentFailed(f"{name} is {status}: wait until that has ended, then deploy again")
    return bool(status != "REVIEW_IN_PROGRESS")


def _parameters_of(cloudformation: Any, name: str) -> set[str]:
    (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    return {one["ParameterKey"] for one in stack.get("Parameters", ())}


def _outputs(cloudformation: Any, name: str) -> Outputs:
    (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    return {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", ())}


def _is_ready(cloudformation: Any, name: str, change_set: str, patience: float) -> bool:
    """Waits for the change set; False where it holds no change. Raises DeploymentFailed."""
    ends = time.monotonic() + _LONGEST_DEPLOYMENT
    while True:
        found = cloudformation.describe_change_set(StackName=name, ChangeSetName=change_set)
        match found["Status"]:
            case "CREATE_COMPLETE":
                return True
            case "FAILED":
                reason = str(found.get("StatusReason", ""))
                cloudformation.delete_change_set(StackName=name, ChangeSetName=change_set)
                if "didn't contain changes" in reason or "No updates are to be performed" in reason:
                    return False
                raise DeploymentFailed(f"CloudFormation takes no such change: {reason}")
        _check_time(ends, name)
        time.sleep(patience / 4)


def _refuse_to_lose_data(cloudformation: Any, name: str, change_set: str) -> None:
    lost, total = [], 0
    asked: dict[str, str] = {"StackName": name, "ChangeSetName": change_set}
    while True:
        page = cloudformation.describe_change_set(**asked)
        for one in page["Changes"]:
            change, total = one["ResourceChange"], total + 1
            loses = change["Action"] == "Remove" or change.get("Replacement") == "True"
            if loses and change["ResourceType"] in _HOLDS_DATA:
                lost.append(change["LogicalResourceId"])
        if not page.get("NextToken"):
            break
        asked["NextToken"] = page["NextToken"]
    if lost:
        cloudformation.delete_change_set(StackName=name, ChangeSetName=change_set)
        raise DeploymentFailed(
            f"this would replace or remove what holds data: {', '.join(lost)}. Nothing was changed. "
            "See docs/schema-changes.md for how a table changes while it is in use."
        )
    say(f"{total} resources to change …")


def _wait(cloudformation: Any, name: str, patience: float, ended: str | None = None) -> None:
    """Waits for the end of what is done to the stack, and reports it. Raises DeploymentFailed with the reasons."""
    ends, told = time.monotonic() + _LONGEST_DEPLOYMENT, ""
    while True:
        try:
            (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if ended == "DELETE_COMPLETE" and "does not exist" in str(error):
                return
            raise
        status = stack["StackStatus"]
        if status != told:
            say(f"{stack['StackName']}: {status}")
            told = status
        if status == ended or (ended is None and status in ("CREATE_COMPLETE", "UPDATE_COMPLETE")):
            return
        if not status.endswith("_IN_PROGRESS"):
            events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
            reasons = [
                f"  {one['LogicalResourceId']}: {one.get('ResourceStatusReason', '')}"
                for one in events
                if one["ResourceStatus"].endswith("_FAILED")
            ]
            raise DeploymentFailed(f"{name} is {status}:\n" + "\n".join(reasons[:20]))
        _check_time(ends, name)
        time.sleep(patience)


def _check_time(ends: float, name: str) -> None:
    if time.monotonic() > ends:
        raise DeploymentFailed(
            f"{name} has not ended after {_LONGEST_DEPLOYMENT / 60:.0f} minutes: look in AWS's console"
        )


def smoke(url: str, patience: float = 2.0) -> None:
    """Calls what needs nothing, then what needs the store. Raises DeploymentFailed."""
    for path in ("/api/health", "/api/ready"):
        answer = ""
        for _ in range(_SMOKE_ATTEMPTS):  # a new stage of the gateway takes some seconds to be known everywhere
            status, answer = _call(url + path)
            if status == 200:
                say(f"GET {path}: 200")
                break
            time.sleep(patience)
        else:
            raise DeploymentFailed(f"deployed, but GET {url}{path} answers {answer[:300]}: see the log of the function")


def _call(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310  # the URL that the stack told
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, f"{error.code} {error.read().decode(errors='replace')}"
    except OSError as error:
        return 0, str(error)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command: python -m infrastructure.deploy up|down --stage dev [--set Name=value …].

    With AWS_ENDPOINT_URL set it deploys to an emulator, whose functions run on this machine's processor.
    """
    parser = argparse.ArgumentParser(prog="make deploy", description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=("up", "down"))
    parser.add_argument("--stage", choices=STAGES, required=True)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a parameter of the stack")
    parser.add_argument("--package", type=Path, metavar="FOLDER", help="deploy what was packaged, make nothing new")
    asked: Any = parser.parse_args(arguments)
    try:
        if asked.what == "down":
            _confirmed(asked.stage)
            destroy(asked.stage)
            return
        given = dict(one.partition("=")[::2] for one in asked.set)
        outputs = deploy(asked.stage, _package(asked), parameters=given)
        here = url_of(outputs)
        for name, value in sorted({**outputs, "ApiUrl": here, "ConsoleUrl": f"{here}/console"}.items()):
            print(f"{name:16} {value}")
    except (DeploymentFailed, PackagingFailed, NoCredentialsError, NoRegionError, ClientError) as error:
        sys.exit(f"make {'deploy' if asked.what == 'up' else 'destroy'}: {explained(error)}")


def _package(asked: Any) -> Package:
    if asked.package is not None:
        return Package(asked.package)
    return package(asked.stage, this_machine() if _EMULATOR in os.environ else "arm64", OUT / asked.stage)


def _confirmed(stage: str) -> None:
    if stage == "prod" and os.environ.get("CONFIRM") != stack_name(stage):
        raise DeploymentFailed("to take prod down, say so: make destroy STAGE=prod CONFIRM=warmup-prod")


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
