"""What watches the service: alarms with somebody who hears them, and a dashboard."""

import json
from typing import Any

from infrastructure import attacks
from infrastructure.resources import FUNCTIONS, Json, ref, sub

MINUTE, HOUR = 60, 3600
EVERY_MINUTE = ("open_due_phases", "close_lost_sessions")
_OLDEST_REVIEW = 24 * HOUR
_LONGEST_WORK = 2 * HOUR


def resources(stage: str) -> Json:
    """The alarms, their topic, the dashboard."""
    return {
        "AlarmTopic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": f"warmup-{stage}-alarms"}},
        "AlarmSubscription": {
            "Type": "AWS::SNS::Subscription",
            "Condition": "HasAlarmEmail",
            "Properties": {"TopicArn": ref("AlarmTopic"), "Protocol": "email", "Endpoint": ref("AlarmEmail")},
        },
        **{name: _alarm(stage, name, **told) for name, told in (_alarms(stage) | attacks.alarms(stage)).items()},
        **attacks.filters(stage),
        "Dashboard": {
            "Type": "AWS::CloudWatch::Dashboard",
            "Properties": {"DashboardName": f"warmup-{stage}", "DashboardBody": sub(json.dumps(_dashboard(stage)))},
        },
    }


def _alarms(stage: str) -> dict[str, dict[str, Any]]:
    """Each alarm by its logical id. What to do when it rings stands in docs/operations.md under the same name."""
    silent = {
        "Silent" + _camel(timer): {
            "says": f"The timer {timer} has not finished a run for five minutes.",
            "metric": timer_metric(stage, timer, "Runs"),
            "period": 5 * MINUTE,
            "below": 1,
            "missing": "breaching",
        }
        for timer in EVERY_MINUTE
    }
    functions = {
        f"{metric}Of{name}": {
            "says": says,
            "metric": _lambda_metric(name, metric),
            "period": 5 * MINUTE,
            "above": 2,
        }
        for metric, says in _FUNCTIONS_TELL.items()
        for name in FUNCTIONS
    }
    return (
        silent
        | functions
        | {
            "SilentWatchPools": {
                "says": "The timer watch_pools has not finished a run for three hours.",
                "metric": timer_metric(stage, "watch_pools", "Runs"),
                "period": 3 * HOUR,
                "below": 1,
                "missing": "breaching",
            },
            "AccountsFail": {
                "says": "The timer open_due_phases could not move some account on, for a quarter of an hour.",
                "metric": timer_metric(stage, "open_due_phases", "failed"),
                "period": 5 * MINUTE,
                "periods": 3,
                "above": 0,
            },
            "ReviewQueueOld": {
                "says": "A phase has been waiting for an operator for more than a day.",
                "metric": timer_metric(stage, "watch_pools", "review_oldest_seconds"),
                "statistic": "Maximum",
                "period": HOUR,
                "above": _OLDEST_REVIEW,
            },
            "WorkTooLong": {
                "says": "A worker has been at one account for more than two hours.",
                "metric": timer_metric(stage, "watch_pools", "longest_work_seconds"),
                "statistic": "Maximum",
                "period": HOUR,
                "above": _LONGEST_WORK,
            },
            "PoolDrySoon": {
                "says": "Some model's pool runs dry within a week.",
                "metric": timer_metric(stage, "watch_pools", "dry_within_a_week"),
                "statistic": "Maximum",
                "period": HOUR,
                "above": 0,
            },
            "PlanMismatch": {
                "says": "The document of a plan is not the one that was published: its accounts do not go on.",
                "metric": timer_metric(stage, "watch_pools", "plans_mismatched"),
                "statistic": "Maximum",
                "period": HOUR,
                "above": 0,
            },
            "ApiErrors": {
                "says": "The API answered 5xx more than five times in five minutes.",
                "metric": _gateway_metric(stage, "5XXError"),
                "period": 5 * MINUTE,
                "above": 5,
            },
            "ApiSlow": {
                "says": "One in a hundred requests has been taking more than two seconds for a quarter of an hour.",
                "metric": _gateway_metric(stage, "Latency"),
                "statistic": "p99",
                "period": 5 * MINUTE,
                "periods": 3,
                "above": 2000,
            },
            "DeadLettersWait": {
                "says": "A timer's event was given up after its retries.",
                "metric": {
                    "Namespace": "AWS/SQS",
                    "MetricName": "ApproximateNumberOfMessagesVisible",
                    "Dimensions": [{"Name": "QueueName", "Value": {"Fn::GetAtt": ["DeadLetters", "QueueName"]}}],
                },
                "statistic": "Maximum",
                "period": 5 * MINUTE,
                "above": 0,
            },
        }
    )


_FUNCTIONS_TELL = {
    "Errors": "The function ended with an error, or ran out of time.",
    "Throttles": "Lambda refused to run the function: its reserved or the account's concurrency is used up.",
}


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def timer_metric(stage: str, timer: str, name: str) -> Json:
    """A metric that the service itself writes (embedded in its log) for each run of a timer."""
    dimensions = {"service": "warmup", "action": timer}
    return {
        "Namespace": f"warmup-{stage}",
        "MetricName": name,
        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
    }


def _gateway_metric(stage: str, name: str) -> Json:
    dimensions = {"ApiName": f"warmup-{stage}", "Stage": "v1"}
    return {
        "Namespace": "AWS/ApiGateway",
        "MetricName": name,
        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
    }


def _lambda_metric(function: str, name: str) -> Json:
    return {
        "Namespace": "AWS/Lambda",
        "MetricName": name,
        "Dimensions": [{"Name": "FunctionName", "Value": ref(function)}],
    }


def _alarm(
    stage: str,
    name: str,
    *,
    says: str,
    period: int,
    metric: Json,
    statistic: str = "Sum",
    periods: int = 1,
    above: float | None = None,
    below: float | None = None,
    missing: str = "notBreaching",
) -> Json:
    properties: Json = {
        "AlarmName": f"warmup-{stage}-{name}",
        "AlarmDescription": f"{says} What to do: docs/operations.md, {name}.",
        "AlarmActions": [ref("AlarmTopic")],
        "OKActions": [ref("AlarmTopic")],
        "ComparisonOperator": "GreaterThanThreshold" if below is None else "LessThanThreshold",
        "Threshold": above if below is None else below,
        "EvaluationPeriods": periods,
        "TreatMissingData": missing,
    }
    kind = "ExtendedStatistic" if statistic.startswith("p") else "Statistic"
    properties |= {**metric, "Period": period, kind: statistic}
    return {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}


# the dashboard


def _dashboard(stage: str) -> Json:
    space, gateway = f"warmup-{stage}", ["ApiName", f"warmup-{stage}", "Stage", "v1"]
    timers = (*EVERY_MINUTE, "watch_pools")
    found = f"SEARCH('{{{space},service,action}} MetricName=\"Requests\"', 'Sum', 300)"
    throttled = "SEARCH('{{AWS/DynamoDB,TableName}} TableName=\"${{TablePrefix}}\" MetricName=\"{}\"', 'Sum', 300)"
    rows: list[tuple[str, list[Any], str]] = [
        ("Answers", [["AWS/ApiGateway", name, *gateway] for name in ("Count", "4XXError", "5XXError")], "Sum"),
        (
            "Latency in ms, p99",
            [["AWS/ApiGateway", name, *gateway] for name in ("Latency", "IntegrationLatency")],
            "p99",
        ),
        ("Requests by action", [[{"expression": found}]], "Sum"),
        ("Timers' runs", [[space, "Runs", "service", "warmup", "action", timer] for timer in timers], "Sum"),
        (
            "Moves by the timer",
            [
                [space, f"account_{move}", "service", "warmup", "action", "open_due_phases"]
                for move in ("open", "reopen", "expire")
            ],
            "Sum",
        ),
        (
            "Pools and review",
            [
                [space, name, "service", "warmup", "action", "watch_pools"]
                for name in (
                    "dry",
                    "dry_within_a_week",
                    "accounts_unmet",
                    "review_oldest_seconds",
                    "longest_work_seconds",
                )
            ],
            "Maximum",
        ),
        (
            "Functions",
            [
                ["AWS/Lambda", name, "FunctionName", f"${{{function}}}"]
                for name in ("Errors", "Throttles", "ConcurrentExecutions")
                for function in FUNCTIONS
            ],
            "Sum",
        ),
        (
            "Throttled by DynamoDB",
            [[{"expression": throttled.format(name)}] for name in ("ReadThrottleEvents", "WriteThrottleEvents")],
            "Sum",
        ),
    ]
    widgets = [
        {
            "type": "metric",
            "x": 12 * (place % 2),
            "y": 6 * (place // 2),
            "width": 12,
            "height": 6,
            "properties": {
                "title": title,
                "metrics": metrics,
                "stat": statistic,
                "period": 300,
                "region": "${AWS::Region}",
                "view": "timeSeries",
            },
        }
        for place, (title, metrics, statistic) in enumerate(rows)
    ]
    return {"widgets": widgets}
