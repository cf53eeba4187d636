"""`cdc serve`: the schema registry and the admin REST."""

from typing import TYPE_CHECKING

import click

from cdc.cli import settings_of
from cdc.config import Settings

if TYPE_CHECKING:
    from starlette.applications import Starlette


@click.command()
@click.option("--host", help="Address to listen on; loopback only (setting serve.host).")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port, 0 for a free one (setting serve.port)."
)
@click.pass_context
def serve(ctx: click.Context, host: str | None, port: int | None) -> None:
    """Serve the schema registry and the admin REST until stopped.

    The registry speaks Confluent's protocol at the root; /health, /ready, /metrics and /api/v1 are
    ours. Listens on 127.0.0.1 only.
    """
    from cdc.admin.server import address_of, open_socket, run_server  # noqa: PLC0415 (not for help)
    from cdc.telemetry.logs import configure_logs  # noqa: PLC0415

    configure_logs()
    settings = settings_of(ctx)
    chosen = settings.listening_port("serve") if port is None else port
    with open_socket(host or settings.serve.host, chosen) as listener:
        app = _build(settings)
        click.echo(f"cdc serve: listening on {address_of(listener)}", err=True)
        run_server(app, listener)


def _build(settings: Settings) -> "Starlette":
    """The application; imports most of what there is, so only once the socket is ours."""
    from cdc.admin.app import create_app  # noqa: PLC0415
    from cdc.app import build_admin  # noqa: PLC0415

    return create_app(build_admin(settings))
