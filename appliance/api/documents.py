"""How answers are described in the OpenAPI document: a schema and an example for each."""

from typing import Any

import msgspec
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example

from appliance.api import examples
from appliance.api.problem import MEDIA_TYPE, Problem

_MEANINGS = {
    400: "A parameter cannot be used; `errors` names it.",
    404: "There is no such thing.",
    415: "A body must be application/json.",
    503: "Too much is waiting, the store cannot be read, or what would do it is switched off.",
}


def success(
    kind: Any,
    example: Any,
    *,
    status: int = 200,
    description: str = "The answer.",
    media_type: str = "application/json",
) -> dict[int, ResponseSpec]:
    """Describe an answer by its type and one example."""
    return {
        status: ResponseSpec(
            data_container=kind,
            generate_examples=False,  # True would import a library for inventing data
            description=description,
            media_type=media_type,
            examples=[Example(summary="An answer", value=msgspec.to_builtins(example))],
        )
    }


def refusals(*statuses: int) -> dict[int, ResponseSpec]:
    """Describe the problems a route may answer with."""
    return {
        status: ResponseSpec(
            data_container=Problem,
            generate_examples=False,
            description=_MEANINGS[status],
            media_type=MEDIA_TYPE,
            examples=[Example(summary="A problem", value=examples.PROBLEMS[status])],
        )
        for status in statuses
    }
