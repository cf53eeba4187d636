"""`cdc prove`: the leak proof."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cdc.cli import settings_of
from cdc.errors import ConfigError, ExitCode

if TYPE_CHECKING:
    from cdc.config import Settings
    from cdc.prove.report import Proof


@click.command()
@click.option("--live", is_flag=True, help="Search the running stack for its own hidden values.")
@click.option("--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--report",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the report here too, as JSON.",
)
@click.pass_context
def prove(ctx: click.Context, output: str, file: Path | None, *, live: bool) -> int:
    """Prove that nothing leaves but what the policies let through.

    Starts a stack of its own in the folder `prove` of stack.dir, on free ports, under copies of
    your policies and connector file. Plants unique markers in columns of every MySQL type, in keys,
    defaults, labels and comments; inserts, updates, re-keys, deletes, truncates, makes dead letters
    of every stage, breaks a policy and a connector, kills the relay. Then searches every byte that
    anybody may read, in many encodings: topics (aborted records too), registry, logs, metrics, REST
    answers, what commands print. Takes about two minutes.

    \b
    Examples:
      cdc prove
      cdc prove --report proof.json
      cdc prove --live        the running stack, for the real values of hidden columns

    The report names markers by an id and never shows a value. Where markers leaked, the stopped
    stack is left to be looked at: `cdc --config .cdc/prove/cdc.toml stack up serve relay`.

    Exit codes: 0 nothing leaks, 1 something does, or could not be searched, 2 usage or
    configuration, 4 something needed is unreachable.
    """  # noqa: D301
    from cdc.prove.report import to_json, to_text  # noqa: PLC0415 (help must be fast)

    proof = _prove(settings_of(ctx), ctx.find_root().obj, live=live)
    if file is not None:
        _write(file, to_json(proof))
    click.echo(to_json(proof) if output == "json" else to_text(proof))
    return ExitCode.FINE if proof.ok else ExitCode.FINDINGS


def _prove(settings: Settings, config: Path | None, *, live: bool) -> Proof:
    from cdc.prove.ground import Runner  # noqa: PLC0415 (help must be fast)
    from cdc.prove.proof import prove_live, prove_on_ground  # noqa: PLC0415
    from cdc.stack.report import Report  # noqa: PLC0415

    with Report() as report:
        if live:
            return prove_live(settings, Runner(config, os.environ), report)
        return prove_on_ground(settings, report)


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text + "\n")
    except OSError as error:
        raise ConfigError(f"{file}: cannot be written ({type(error).__name__})") from None
