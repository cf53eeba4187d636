"""`cdc policies keys`: the secrets that tokens are made with. No key's bytes are ever shown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from cdc.cli import settings_of
from cdc.cli.tables import print_table
from cdc.errors import ConfigError, ExitCode, Unreachable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdc.config import Settings
    from cdc.policies import KeyUse
    from cdc.privacy.policy import Policy
    from registry.derive.table import Table


@click.group()
def keys() -> None:
    """The privacy keys: list, generate, rotate, close. No key's bytes are ever shown."""


@keys.command("list")
@click.option("--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def list_(ctx: click.Context, output: str) -> int:
    """List the keys with their versions and the columns that use them.

    A version that is derived from the master key is marked (master). OLD: the version whose tokens
    still stand beside the new ones while a rotation is open.
    """
    from cdc.keys import load_keys  # noqa: PLC0415 (help must be fast)
    from cdc.policies import find_uses  # noqa: PLC0415

    settings = settings_of(ctx)
    loaded = _policies_of(settings)
    rows = [
        {
            "name": key.name,
            "current": key.current,
            "previous": key.previous,
            "versions": sorted(key.versions),
            "derived": sorted(key.derived),
            "used_by": [_place(use) for use in find_uses(key.name, loaded.values(), {})],
        }
        for key in load_keys(settings.privacy_keys).values()
    ]
    if output == "json":
        click.echo(json.dumps({"keys": rows}, indent=2))
    else:
        print_table(("NAME", "CURRENT", "OLD", "VERSIONS", "USED BY"), [*map(_cells, rows)])
    return ExitCode.FINE


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    versions = (f"{v} (master)" if v in row["derived"] else str(v) for v in row["versions"])
    return (
        row["name"],
        str(row["current"]),
        str(row["previous"] or ""),
        ", ".join(versions),
        ", ".join(row["used_by"]),
    )


def _place(use: KeyUse) -> str:
    return f"{use.policy.table}.{use.column}"


def _policies_of(settings: Settings) -> Mapping[str, Policy]:
    from cdc.privacy.policy import load_policies  # noqa: PLC0415 (help must be fast)

    return load_policies(settings.policies.dir)


@keys.command()
@click.argument("name")
@click.pass_context
def generate(ctx: click.Context, name: str) -> int:
    """Add a key called NAME to the key file.

    Version 1 is 32 random bytes or, where the file has a `[master]`, derived from the master key.
    """
    from cdc.policies import generate_key  # noqa: PLC0415 (help must be fast)

    path = settings_of(ctx).privacy_keys
    generate_key(path, name)
    click.echo(f"{path}: key {name}, version 1")
    return ExitCode.FINE


@keys.command()
@click.argument("name")
@click.pass_context
def rotate(ctx: click.Context, name: str) -> int:
    """Give key NAME a new version and make it the current one; older versions stay.

    Says what becomes of each column that uses it. Tokens in values get a field `<column>__prev`
    beside them, the token under the version before, until `cdc policies keys close NAME`. A
    policy whose record key is made with it needs a new `major`: its table stops until then.
    Relays read the keys when they start.

    \b
    cdc policies keys rotate pii    then start the relays again, take snapshots,
    cdc policies keys close pii     and once all readers have changed over, close
    """  # noqa: D301
    from cdc.policies import find_uses, rotate_key  # noqa: PLC0415 (help must be fast)

    settings = settings_of(ctx)
    loaded = _policies_of(settings)
    tables = _tables_if_any(settings, [*loaded])
    key = rotate_key(settings.privacy_keys, name)
    click.echo(f"{settings.privacy_keys}: key {name}, version {key.current} is current")
    for use in find_uses(name, loaded.values(), tables):
        click.echo(_consequence(use, is_known=use.policy.table in tables), err=True)
    return ExitCode.FINE


@keys.command()
@click.argument("name")
@click.pass_context
def close(ctx: click.Context, name: str) -> int:
    """End the rotation of key NAME: the fields `<column>__prev` go.

    Every version stays in the file. Relays read the keys when they start.
    """
    from cdc.policies import close_rotation  # noqa: PLC0415 (help must be fast)

    path = settings_of(ctx).privacy_keys
    key = close_rotation(path, name)
    click.echo(f"{path}: key {name}, version {key.current} stands alone")
    return ExitCode.FINE


def _tables_if_any(settings: Settings, names: list[str]) -> Mapping[str, Table | None]:
    from cdc.app import read_tables  # noqa: PLC0415 (help must be fast)

    try:
        return read_tables(settings, names)
    except (Unreachable, ConfigError):
        return {}


def _consequence(use: KeyUse, *, is_known: bool) -> str:
    from cdc.privacy.rotation import previous_name  # noqa: PLC0415 (help must be fast)

    policy = use.policy
    if not use.feeds_key:
        rule = policy.file.columns[use.column]
        beside = f"; the old ones stand in `{previous_name(rule.as_ or use.column)}`"
        return f"note: {_place(use)}: new values for rows that change from now on" + (
            beside if rule.rule == "token" else ""
        )
    head = "warning" if is_known else "warning: if this is a key column"
    return (
        f"{head}: {_place(use)}: part of the record's key: set `major: {policy.file.major + 1}`"
        f" in {policy.path} before relays start again, then take a snapshot"
    )
