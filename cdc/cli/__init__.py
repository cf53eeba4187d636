"""The command line: one module per noun, imported only when its command is used.

Data goes to stdout, all else to stderr. An error is one line `error: …`, where there is a next step
a second line `hint: …`, and the exit code of its class (see `cdc.errors.ExitCode`).
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cdc.errors import ExitCode, HeadworksError

if TYPE_CHECKING:
    from cdc.config import Settings

COMMANDS = {
    "check": ("cdc.cli.check:check", "What migrations break, for whom, and how to do it safely."),
    "connectors": (
        "cdc.cli.connectors:connectors",
        "Debezium connectors as files: plan, apply, repair.",
    ),
    "demo": ("cdc.cli.demo:demo", "Everything from one command, before your eyes."),
    "dlq": ("cdc.cli.dlq:dlq", "Events that could not pass: list, show, replay, purge."),
    "doctor": ("cdc.cli.doctor:doctor", "What is wrong with MySQL, connectors, tables, topics."),
    "policies": ("cdc.cli.policies:policies", "What may leave: first policy, lint, show, keys."),
    "prove": (
        "cdc.cli.prove:prove",
        "The leak proof: planted rows, sought in every byte that leaves.",
    ),
    "registry": ("cdc.cli.registry:registry", "A schema registry alone; export, import, check."),
    "relay": ("cdc.cli.relay:relay", "The record path: raw topics in, governed topics out."),
    "schemas": (
        "cdc.cli.schemas:schemas",
        "Governed schemas as files: check, register, explain, lock, forecast.",
    ),
    "serve": ("cdc.cli.serve:serve", "Schema registry and admin REST."),
    "stack": ("cdc.cli.stack:stack", "A real MySQL, Kafka and Connect on this machine, no Docker."),
    "topics": ("cdc.cli.topics:topics", "Governed and raw topics: list, tail, retire."),
    "verify": ("cdc.cli.verify:verify", "Compare a governed topic with MySQL, row by row."),
}


class LazyGroup(click.Group):
    """Lists commands from the table above; imports one only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Names in alphabetical order."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import the module of a command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """One line a command, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in sorted(COMMANDS)])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="Settings file (else $CDC_CONFIG, else ./cdc.toml where there is one).",
)
@click.version_option(package_name="headworks", prog_name="cdc")
@click.pass_context
def cdc(ctx: click.Context, config: Path | None) -> None:
    """Headworks: governed, anonymized Kafka topics from MySQL's change stream.

    \b
    A first walk:
      cdc stack up            a real MySQL, Kafka and Connect on this machine
      cdc connectors apply    Debezium starts to capture
      cdc stack up serve relay
      cdc verify              the governed topics equal MySQL

    Exit codes: 0 fine, 1 findings, 2 usage or configuration, 3 drift,
    4 something needed is unreachable.
    """  # noqa: D301
    ctx.obj = config


def settings_of(ctx: click.Context) -> Settings:
    """The settings that the command's `--config`, file and environment give.

    Raises:
        ConfigError: they are wrong.
    """
    from cdc.config import load_settings  # noqa: PLC0415 -- `--help` does not pay for it

    config: Path | None = ctx.find_root().obj
    return load_settings(config)


def run(args: list[str] | None = None) -> None:
    """Run `cdc` with `args` (default: the process's) and exit with the right code."""
    try:
        result: Any = cdc.main(args=args, prog_name="cdc", standalone_mode=False)
    except HeadworksError as error:
        sys.exit(_say(error.message, error.hint, error.exit_code))
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(ExitCode.USAGE)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(_say("interrupted", "", ExitCode.FINDINGS))
    sys.exit(result if isinstance(result, int) else ExitCode.FINE)


def _say(message: str, hint: str, code: ExitCode) -> int:
    click.echo(click.style("error: ", fg="red", bold=True) + message, err=True)
    if hint:
        click.echo(click.style("hint: ", fg="cyan") + hint, err=True)
    return code
