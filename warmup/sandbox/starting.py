"""The problems of starting the sandbox or `make local`, each as one line that says what to do."""

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from pynamodb.exceptions import PynamoDBException

from chalicelib.tables.transport import AwsRefused
from warmup.sandbox.children import ChildFailed
from warmup.sandbox.server import PortInUse
from warmup.sandbox.service import BadSettings
from warmup.sandbox.stores import StoreMissing

START_PROBLEMS = (
    *(AwsRefused, BadSettings, ChildFailed, OSError, PortInUse, StoreMissing),
    *(BotoCoreError, ClientError, PynamoDBException),
)


def explained(error: BaseException, store: str | None) -> str:
    """Say in one line what went wrong and what to do; `store` is the one that was asked for."""
    cause = error.cause if isinstance(error, PynamoDBException) else error
    line = " ".join(str(cause or error).split())
    if isinstance(cause, NoCredentialsError):
        return (
            f"there are no credentials for the store {store}: export AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY "
            "(an emulator takes any)"
        )
    if isinstance(cause, BotoCoreError | ClientError):
        return f"the store {store} does not serve DynamoDB and S3 ({line}): start it, or take another by --store"
    return line
