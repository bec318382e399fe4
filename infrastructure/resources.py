"""What stands around the functions: how they run, who calls them, where their media, secrets and logs lie."""

import json
from dataclasses import dataclass
from typing import Any

from chalicelib.edge.answers import HSTS, SECURITY_HEADERS
from infrastructure import gateway, sign_in
from infrastructure.gateway import arn

Json = dict[str, Any]
STAGES = ("dev", "prod")


@dataclass(frozen=True, slots=True)
class Function:
    """How one function runs.

    `memory` in MiB also sets the share of a processor (1,769 is a whole one) and with it the time of a cold start.
    `timeout` in seconds stands above the deadline that the code sets itself, so that it is the code that ends a call.
    `concurrency` is reserved in prod only: a new AWS account has ten in all, and none of them can be reserved.
    `retries` of a failed run: what runs every minute anyway is not run again beside itself.
    """

    name: str
    memory: int
    timeout: int
    concurrency: int
    retries: int | None = None


FUNCTIONS = {
    # a cold start is what its callers feel; the longest deadline of a route is 20 s; 100 at once are 1,000 requests
    # a second at 100 ms each, more than the gateway lets through
    "APIHandler": Function("api", memory=1024, timeout=25, concurrency=100),
    # what does much in one call, such as an import of 1,000 rows: ten at once, in none of the API's places
    "BulkHandler": Function("bulk", memory=1024, timeout=25, concurrency=10),
    # the deadline of a timer is 50 s; one at a time, since two would only meet each other's conflicts
    "OpenDuePhases": Function("open_due_phases", memory=512, timeout=60, concurrency=1, retries=0),
    "CloseLostSessions": Function("close_lost_sessions", memory=256, timeout=60, concurrency=1, retries=0),
    # simulates every model's pools: a thousand accounts and two thousand items take a second of a whole processor
    "WatchPools": Function("watch_pools", memory=1024, timeout=60, concurrency=1, retries=2),
}
LOG_DAYS = {"dev": 14, "prod": 90}
_UPLOAD_DAYS = 2  # an upload form is good for minutes
_OLD_VERSION_DAYS = 30
_BUCKET = "warmup-${Stage}-media-${AWS::AccountId}-${AWS::Region}"
_PEPPER_OF = "{{resolve:secretsmanager:${Pepper}:SecretString:edition-EDITION}}"
_API_ORIGIN = "https://${RestAPI}.execute-api.${AWS::Region}.${AWS::URLSuffix}"


def sub(text: str) -> Json:
    """The text with its `${…}` filled in by CloudFormation."""
    return {"Fn::Sub": text}


def ref(name: str) -> Json:
    """A parameter's value, or a resource's name."""
    return {"Ref": name}


def resources(stage: str) -> Json:
    """Everything but the tables and what watches."""
    return {
        **{name: _function(name, stage) for name in FUNCTIONS},
        **{f"{name}Log": _log(f"/warmup/{stage}/{function.name}") for name, function in FUNCTIONS.items()},
        "AccessLog": _log(f"/warmup/{stage}/access"),
        "RestAPI": _gateway(stage),
        "GatewayLogsRole": _GATEWAY_LOGS_ROLE,
        "GatewayAccount": _GATEWAY_ACCOUNT,
        "DeadLetters": _DEAD_LETTERS,
        "Pepper": _kept(stage, _PEPPER),
        "MediaBucket": _kept(stage, _media_bucket()),
        "MediaBucketPolicy": _MEDIA_BUCKET_POLICY,
    }


def parameters(stage: str) -> Json:
    """What a deployer may set."""
    return {
        "Stage": {"Type": "String", "Default": stage, "AllowedValues": [stage], "Description": "Of these functions"},
        "TablePrefix": {
            "Type": "String",
            "Default": f"warmup-{stage}-",
            "AllowedPattern": "[a-zA-Z0-9_.-]+",
            "Description": "What the names of all tables begin with",
        },
        "AlarmEmail": {"Type": "String", "Default": "", "Description": "Who hears of alarms; empty: nobody"},
        "LogDays": {"Type": "Number", "Default": LOG_DAYS[stage], "Description": "How long logs are kept"},
        "AuditDays": {"Type": "Number", "Default": 400, "Description": "How long audit events are kept"},
        "SessionDays": {"Type": "Number", "Default": 90, "Description": "How long sessions are kept after their end"},
        "DefaultPlan": {
            "Type": "String",
            "Default": "standard/1",
            "AllowedPattern": "[A-Za-z0-9][A-Za-z0-9_.-]{0,63}(/[1-9][0-9]{0,5})?",
            "Description": "The plan of new accounts that name none, and whose model names none",
        },
        **sign_in.PARAMETERS,
        "QueueShards": {"Type": "Number", "Default": 1, "Description": "One for each 1,000 changes a second"},
        "PepperEdition": {
            "Type": "Number",
            "Default": 1,
            "Description": "Which pepper of the secret keys are made with",
        },
        "PreviousPepperEdition": {"Type": "Number", "Default": 1, "Description": "Which one is taken beside it"},
        "OpenDocs": {
            "Type": "String",
            "Default": "true",
            "AllowedValues": ["true", "false"],
            "Description": "Whether anybody may read /docs and /openapi.json",
        },
        "SetGatewayLogging": {
            "Type": "String",
            "Default": "true",
            "AllowedValues": ["true", "false"],
            "Description": "false where the account's API Gateway has its role for logs already",
        },
    }


CONDITIONS: Json = {
    "HasAlarmEmail": {"Fn::Not": [{"Fn::Equals": [ref("AlarmEmail"), ""]}]},
    "SetsGatewayLogging": {"Fn::Equals": [ref("SetGatewayLogging"), "true"]},
}


def outputs(stage: str) -> Json:
    """What a deployer needs to know."""
    return {
        "ApiUrl": {"Value": sub(_API_ORIGIN + "/v1"), "Description": "Bots call this, followed by /api/bot/…"},
        "ConsoleUrl": {"Value": sub(_API_ORIGIN + "/v1/console"), "Description": "For operators, in a browser"},
        "MediaBucketName": {"Value": ref("MediaBucket")},
        "PepperSecret": {"Value": ref("Pepper"), "Description": "The secret under which keys are stored"},
        "TableNames": {"Value": sub("${TablePrefix}*")},
        "FirstOperatorKey": {
            "Value": f"make operator-key STAGE={stage}",
            "Description": "Once, after the first deploy",
        },
    }


GLOBALS: Json = {
    "Function": {
        "Environment": {
            "Variables": {
                "WARMUP_TABLE_PREFIX": ref("TablePrefix"),
                "WARMUP_MEDIA_BUCKET": ref("MediaBucket"),
                # a reference is read anew only where its own text changes: the edition stands in it
                "WARMUP_PEPPER": sub(_PEPPER_OF.replace("EDITION", "${PepperEdition}")),
                "WARMUP_PREVIOUS_PEPPER": sub(_PEPPER_OF.replace("EDITION", "${PreviousPepperEdition}")),
                "WARMUP_METRICS_NAMESPACE": sub("warmup-${Stage}"),
                "WARMUP_AUDIT_DAYS": ref("AuditDays"),
                "WARMUP_SESSION_DAYS": ref("SessionDays"),
                "WARMUP_QUEUE_SHARDS": ref("QueueShards"),
                "WARMUP_DEFAULT_PLAN": ref("DefaultPlan"),
                "WARMUP_OPEN_DOCS": ref("OpenDocs"),
                **{variable: ref(name) for name, variable in sign_in.VARIABLES.items()},
            }
        }
    }
}


def _kept(stage: str, resource: Json) -> Json:
    """In prod what holds data outlives the stack; in dev it goes with it."""
    policy = "Retain" if stage == "prod" else "Delete"
    return {**resource, "DeletionPolicy": policy, "UpdateReplacePolicy": policy}


def _function(name: str, stage: str) -> Json:
    function = FUNCTIONS[name]
    properties: Json = {
        "MemorySize": function.memory,
        "Timeout": function.timeout,
        "LoggingConfig": {"LogGroup": ref(f"{name}Log")},
    }
    if stage == "prod":
        properties["ReservedConcurrentExecutions"] = function.concurrency
    if function.retries is not None:
        properties["DeadLetterQueue"] = {"Type": "SQS", "TargetArn": arn("DeadLetters")}
        properties["EventInvokeConfig"] = {
            "MaximumRetryAttempts": function.retries,
            "MaximumEventAgeInSeconds": 300,
        }
    return {"Properties": properties}


def _log(name: str) -> Json:
    return {
        "Type": "AWS::Logs::LogGroup",
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Retain",
        "Properties": {"LogGroupName": name, "RetentionInDays": ref("LogDays")},
    }


_DEAD_LETTERS: Json = {
    "Type": "AWS::SQS::Queue",
    "Properties": {"MessageRetentionPeriod": 14 * 86400, "SqsManagedSseEnabled": True},
}

# made by CloudFormation and read by it: no person and no file ever holds the pepper
_PEPPER: Json = {
    "Type": "AWS::SecretsManager::Secret",
    "Properties": {
        "Description": "The peppers under which API keys are stored, by edition",
        "GenerateSecretString": {
            "SecretStringTemplate": "{}",
            "GenerateStringKey": "edition-1",
            "PasswordLength": 64,
            "ExcludePunctuation": True,
        },
    },
}


# the gateway


def _gateway(stage: str) -> Json:
    return {
        "Properties": {
            # nothing reads it: it has the stage wait for the account's role, without which it may write no log
            "Variables": {"logging": {"Fn::If": ["SetsGatewayLogging", ref("GatewayAccount"), "set"]}},
            "TracingEnabled": True,
            "MethodSettings": gateway.method_settings(stage),
            "AccessLogSetting": {
                "DestinationArn": arn("AccessLog"),
                "Format": json.dumps({name: f"$context.{value}" for name, value in _ACCESS.items()}),
            },
            "GatewayResponses": {name: _refusal(*told) for name, told in _REFUSALS.items()},
        },
    }


_ACCESS = {
    "request_id": "requestId",
    "trace_id": "xrayTraceId",
    "at": "requestTimeEpoch",
    "ip": "identity.sourceIp",
    "method": "httpMethod",
    "route": "resourcePath",
    "status": "status",
    "milliseconds": "responseLatency",
    "lambda_milliseconds": "integrationLatency",
    "bytes": "responseLength",
    "error": "error.responseType",
}

# what the gateway itself answers: status, code, retryable, detail
_REFUSALS: dict[str, tuple[int, str, bool, str]] = {
    "MISSING_AUTHENTICATION_TOKEN": (404, "route_not_found", False, "There is no such route."),
    "RESOURCE_NOT_FOUND": (404, "route_not_found", False, "There is no such route."),
    # no route takes AWS's signatures: where the gateway looks for one, it has found no route
    "ACCESS_DENIED": (404, "route_not_found", False, "There is no such route."),
    "INVALID_SIGNATURE": (404, "route_not_found", False, "There is no such route."),
    "THROTTLED": (429, "rate_limited", True, "Too many requests at once. Send it again later."),
    "QUOTA_EXCEEDED": (429, "rate_limited", True, "Too many requests. Send it again later."),
    "REQUEST_TOO_LARGE": (413, "body_too_large", False, "The body is too large."),
    "UNSUPPORTED_MEDIA_TYPE": (415, "unsupported_media_type", False, "Send the body as application/json."),
    "INTEGRATION_TIMEOUT": (503, "temporarily_unavailable", True, "The service did not answer in time."),
    "INTEGRATION_FAILURE": (503, "temporarily_unavailable", True, "The service could not answer."),
    "DEFAULT_4XX": (400, "malformed_request", False, "The gateway does not take this request."),
    "DEFAULT_5XX": (500, "internal_error", True, "The gateway could not serve this request."),
}


def _refusal(status: int, code: str, retryable: bool, detail: str) -> Json:
    document = {
        "type": f"/v1/docs/errors/{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": "$context.requestId",
        "retryable": retryable,
    }
    headers = {
        "Content-Type": "'application/problem+json'",
        "Cache-Control": "'no-store'",
        "X-Request-Id": "context.requestId",
        "Strict-Transport-Security": f"'{HSTS}'",
        **{name: f"'{value}'" for name, value in SECURITY_HEADERS.items()},
    }
    if retryable:
        document["retry_after_seconds"], headers["Retry-After"] = 1, "'1'"
    return {
        "StatusCode": str(status),
        "ResponseTemplates": {"application/json": json.dumps(document)},
        "ResponseParameters": {"Headers": headers},
    }


_GATEWAY_LOGS_ROLE: Json = {
    "Type": "AWS::IAM::Role",
    "Condition": "SetsGatewayLogging",
    "Properties": {
        "AssumeRolePolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        },
        "ManagedPolicyArns": [
            sub("arn:${AWS::Partition}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs")
        ],
    },
}
# one for the whole account and region: API Gateway writes no log without it
_GATEWAY_ACCOUNT: Json = {
    "Type": "AWS::ApiGateway::Account",
    "Condition": "SetsGatewayLogging",
    "DeletionPolicy": "Retain",
    "UpdateReplacePolicy": "Retain",
    "Properties": {"CloudWatchRoleArn": arn("GatewayLogsRole")},
}


# media


def _media_bucket() -> Json:
    return {
        "Type": "AWS::S3::Bucket",
        "Properties": {
            "BucketName": sub(_BUCKET),
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
            },
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": True,
                "BlockPublicPolicy": True,
                "IgnorePublicAcls": True,
                "RestrictPublicBuckets": True,
            },
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
            "VersioningConfiguration": {"Status": "Enabled"},
            "LifecycleConfiguration": {
                "Rules": [
                    {
                        "Id": "abandoned-uploads",
                        "Status": "Enabled",
                        "Prefix": "uploads/",
                        "ExpirationInDays": _UPLOAD_DAYS,
                        "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
                    },
                    {
                        "Id": "what-was-replaced",
                        "Status": "Enabled",
                        "NoncurrentVersionExpiration": {"NoncurrentDays": _OLD_VERSION_DAYS},
                        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
                    },
                ]
            },
            "CorsConfiguration": {
                "CorsRules": [
                    {  # the console posts forms and shows pictures, from whatever domain; the signature is the guard
                        "AllowedOrigins": ["*"],
                        "AllowedMethods": ["GET", "POST"],
                        "AllowedHeaders": ["*"],
                        "MaxAge": 3600,
                    }
                ]
            },
        },
    }


_MEDIA_BUCKET_POLICY: Json = {
    "Type": "AWS::S3::BucketPolicy",
    "Properties": {
        "Bucket": ref("MediaBucket"),
        "PolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "OnlyEncryptedConnections",
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "s3:*",
                    "Resource": [arn("MediaBucket"), sub("${MediaBucket.Arn}/*")],
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                }
            ],
        },
    },
}
