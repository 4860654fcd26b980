"""`mastery openapi`."""

from __future__ import annotations

from mastery_engine.cli import options
from mastery_engine.cli.program import examples


@examples("mastery openapi > openapi.json")
def openapi(json: options.Json = False) -> None:
    """Print the API's description: OpenAPI 3.1, as JSON.

    The same as a service answers at /openapi.json; no service is asked.
    """
    from mastery_engine.api.openapi import document
    from mastery_engine.cli.output import print_json

    # It is JSON with the option and without.
    del json
    print_json(document())
