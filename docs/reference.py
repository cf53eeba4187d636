"""Settings, commands, types, metrics and exit codes, as the code has them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

import click
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from cdc.cli import COMMANDS, cdc
from cdc.config import Settings
from cdc.errors import ExitCode, HeadworksError, RecordError
from cdc.telemetry.metrics import METRICS
from docs.markdown import code, describe, show_default, table
from registry.derive.types import KINDS, MYSQL_TYPES, RAW_TYPES, Kind

WIDTH = 88


def describe_settings() -> str:
    """A table for each section of `cdc.toml`."""
    return "\n\n".join(
        f"## [{name}]\n\n{inspect.getdoc(_model(field))}\n\n{_settings_table(name, _model(field))}"
        for name, field in Settings.model_fields.items()
    )


def _model(field: FieldInfo) -> type[BaseModel]:
    model = field.annotation
    assert isinstance(model, type)  # noqa: S101 (every setting stands in a section)
    assert issubclass(model, BaseModel)  # noqa: S101
    return model


def _settings_table(section: str, model: type[BaseModel]) -> str:
    return table(
        ["key", "default", "environment", "what it is"],
        (
            [
                code(name),
                code(show_default(field.get_default(call_default_factory=True))),
                code(f"CDC_{section}__{name}".upper()),
                describe(field),
            ]
            for name, field in model.model_fields.items()
        ),
    )


def describe_commands() -> str:
    """`--help` of every command."""
    top = cdc.make_context("cdc", [], resilient_parsing=True, **_width())
    parts = [("cdc", cdc.get_help(top))]
    for name in sorted(COMMANDS):
        command = cdc.get_command(top, name)
        assert command is not None  # noqa: S101 (named by the table that finds it)
        parts += _help_of(command, click.Context(command, top, name, **_width()))
    return "\n\n".join(f"## {path}\n\n```text\n{text}\n```" for path, text in parts)


def _help_of(command: click.Command, context: click.Context) -> Iterator[tuple[str, str]]:
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None and not below.hidden:
                yield from _help_of(below, click.Context(below, context, name, **_width()))


def _width() -> dict[str, Any]:
    return {"terminal_width": WIDTH, "max_content_width": WIDTH}


def describe_kinds() -> str:
    """The canonical types and their Avro."""
    return table(
        ["canonical type", "Avro", "logical type", "name for Connect sinks"],
        (
            [code(kind.name), code(_avro_of(kind)), code(kind.logical), code(kind.connect_name)]
            for kind in KINDS.values()
        ),
    )


def _avro_of(kind: Kind) -> str:
    return f"{kind.avro}<{kind.items}>" if kind.items else kind.avro


def describe_mysql_types() -> str:
    """What each MySQL type becomes."""
    return table(
        ["MySQL", "canonical"],
        ([code(name), _mysql_target(name)] for name in MYSQL_TYPES),
    )


def _mysql_target(name: str) -> str:
    """The canonical type; where the length decides, both."""
    row = MYSQL_TYPES[name]
    one, other = str(row.canonical(1, 0)), str(row.canonical(10, 0))
    if one == other:
        return code(one)
    if one.startswith("decimal"):
        return "`decimal(p,s)`"
    return f"{code(one)} with length 1, else {code(other)}"


def describe_raw_types() -> str:
    """What Debezium sends, and how it is made canonical."""
    return table(
        ["Connect type", "semantic name", "repair"],
        (
            [code(connect), code(name), code(str(row.repair.value))]
            for (connect, name), row in RAW_TYPES.items()
        ),
    )


def describe_metrics() -> str:
    """Every metric."""
    return table(
        ["metric", "kind", "labels", "what it is"],
        (
            [
                code(metric.name),
                metric.kind.name.lower(),
                ", ".join(map(code, metric.labels)),
                metric.help,
            ]
            for metric in METRICS
        ),
    )


def describe_exit_codes() -> str:
    """Exit codes and the errors that lead to them."""
    return table(
        ["exit code", "name", "errors that end a command with it"],
        (
            [str(int(exit_code)), exit_code.name.lower(), _errors_with(exit_code)]
            for exit_code in ExitCode
        ),
    )


def _errors_with(exit_code: ExitCode) -> str:
    stays_inside = (RecordError,)
    found = [
        f"`{error.__name__}` ({_first_sentence(error)})"
        for error in HeadworksError.__subclasses__()
        if error.exit_code is exit_code and error not in stays_inside
    ]
    return "; ".join(found)


def _first_sentence(error: type[HeadworksError]) -> str:
    text = " ".join((inspect.getdoc(error) or "").split())
    return re.split(r"[.;]", text)[0]


def describe_error_tree() -> str:
    """The tree that `cdc.errors` draws."""
    doc = inspect.getdoc(inspect.getmodule(HeadworksError)) or ""
    drawn = [line for line in doc.splitlines() if re.search(r"HeadworksError$|[├└│]", line)]
    return "```text\n" + "\n".join(line.removeprefix("    ") for line in drawn) + "\n```"
