"""`mastery serve`."""

from __future__ import annotations

from typing import Annotated

import typer

from mastery_engine.cli.program import examples


@examples("mastery serve", "MASTERY_ENV=production mastery serve --host 0.0.0.0 --port 8080")
def serve(
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65_535, help="Port; 0 takes a free one.")] = 8080,
) -> None:
    """Serve the API, and fold events as they come.

    It ends when it is told to stop (Ctrl-C or SIGTERM).
    """
    import asyncio
    import os

    from mastery_engine.api.serve import serve as serve_api
    from mastery_engine.config import load_settings, unknown_variables

    for line in unknown_variables(os.environ):
        typer.echo(f"warning: {line}", err=True)
    raise typer.Exit(asyncio.run(serve_api(load_settings(), host, port)))
