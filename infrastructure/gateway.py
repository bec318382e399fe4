"""What the gateway lets through, and to which function, by method and path: the one list of what is not a bot's route.

The gateway counts for each method by itself, so that a flood of one is not felt by the others; what anybody may call
without a key, and what does much in one call, gets less than what bots call.
"""

import json
from typing import Any

Json = dict[str, Any]

DEFAULT = {"dev": (50, 100), "prod": (500, 1000)}
"""Requests a second for each method, and at once after a pause."""
OPEN = (
    *("GET /api/health", "GET /api/ready", "GET /api/issuer", "GET /openapi.json", "GET /docs", "GET /docs/{name}"),
    *("GET /docs/errors/{code}", "GET /console", "GET /console/{name}"),
)
"""What needs no key. A browser that opens the console asks for some fifty files at once."""
OPEN_RATE = {"dev": (20, 200), "prod": (100, 400)}
BULK = (
    "POST /api/operator/accounts/import",
    "POST /api/operator/accounts/bulk",
    "POST /api/operator/accounts/claims",
    "GET /api/operator/accounts/{account_id}/verify",
    "GET /api/operator/audit/export",
    "GET /api/operator/models/{model_id}/availability",
    "POST /api/operator/models/{model_id}/consent/withdraw",
    "POST /api/operator/models/{model_id}/content/import",
    "POST /api/operator/models/{model_id}/texts/import",
    "POST /api/operator/models/{model_id}/texts/claims",
    "POST /api/operator/plans/{plan}/versions/{version}/preview",
    "POST /api/operator/review/retry",
    "GET /api/operator/verify",
)
"""What does much in one call. It runs on a function of its own, so that it takes the place of no bot's request."""
BULK_RATE = {"dev": (5, 10), "prod": (10, 20)}
BULK_FUNCTION, API_FUNCTION = "BulkHandler", "APIHandler"


def method_settings(stage: str) -> list[Json]:
    """The limits of all methods, and those of the methods that have their own."""
    return [
        _setting("/*", "*", DEFAULT[stage]),
        *[_setting(_escaped(path), method, OPEN_RATE[stage]) for method, path in map(str.split, OPEN)],
        *[_setting(_escaped(path), method, BULK_RATE[stage]) for method, path in map(str.split, BULK)],
    ]


def arn(resource: str) -> Json:
    """A resource's ARN."""
    return {"Fn::GetAtt": [resource, "Arn"]}


def _escaped(path: str) -> str:
    """The path as a stage names it: behind the first slash every other one is `~1`."""
    return "/" + path.replace("/", "~1")


def _setting(path: str, method: str, rate: tuple[int, int]) -> Json:
    return {
        "ResourcePath": path,
        "HttpMethod": method,
        "ThrottlingRateLimit": rate[0],
        "ThrottlingBurstLimit": rate[1],
        "MetricsEnabled": True,
        "DataTraceEnabled": False,  # bodies hold what is nobody's business
    }


def with_bulk_function(template: Json) -> Json:
    """The template with the function of bulk routes: the same code and rights as the API's, its own log and places."""
    found: Any = template["Resources"]
    own = found[BULK_FUNCTION].get("Properties", {})
    role = found[API_FUNCTION]["Properties"]["Role"]["Fn::GetAtt"][0]
    for suffix, name in (("", API_FUNCTION), ("Role", role), ("InvokePermission", f"{API_FUNCTION}InvokePermission")):
        made = json.loads(json.dumps(found[name]).replace(API_FUNCTION, BULK_FUNCTION))
        found[BULK_FUNCTION + suffix] = made
    found[BULK_FUNCTION]["Properties"] |= own | {"Role": arn(f"{BULK_FUNCTION}Role")}
    bulk = {path for _, path in map(str.split, BULK)}
    paths = found["RestAPI"]["Properties"]["DefinitionBody"]["paths"]
    for path in bulk:  # all methods of a path, so that a wrong one is answered as elsewhere
        paths[path] = json.loads(
            json.dumps(paths[path]).replace(f"${{{API_FUNCTION}.Arn}}", f"${{{BULK_FUNCTION}.Arn}}")
        )
    return template
