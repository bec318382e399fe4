"""The template: what Chalice makes of the app, with everything that stands around it.

`merge_file` goes into `chalice package --merge-template`; `finished` does to its result what a merge cannot do.
"""

from typing import Any

from infrastructure import gateway, resources, tables, watch
from infrastructure.resources import STAGES, Json

__all__ = ["STAGES", "finished", "merge_file"]


def merge_file(stage: str, architecture: str) -> Json:
    """What is merged into Chalice's template: objects are merged, lists replaced."""
    around = resources.resources(stage)
    for name in resources.FUNCTIONS:
        around[name]["Properties"]["Architectures"] = [architecture]
    return {
        "Description": f"warmup ({stage}): takes accounts through a staged onboarding",
        "Parameters": resources.parameters(stage),
        "Conditions": resources.CONDITIONS,
        "Globals": resources.GLOBALS,
        "Resources": {**tables.resources(stage), **around, **watch.resources(stage)},
        "Outputs": resources.outputs(stage),
    }


def finished(template: Json, stage: str) -> Json:
    """The template with each wrong method on a known path led to the function, which knows the right ones.

    The gateway itself would answer 403 "Missing Authentication Token".
    """
    api: Any = template["Resources"]["RestAPI"]["Properties"]
    api["DefinitionBody"]["info"]["title"] = f"warmup-{stage}"  # the name in the gateway's metrics
    for methods in api["DefinitionBody"]["paths"].values():
        one: Json = next(iter(methods.values()))
        methods["x-amazon-apigateway-any-method"] = one
    return gateway.with_bulk_function(template)
