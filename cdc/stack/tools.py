"""kcat and jq for a person: wrappers in the stack's `bin`, whether installed or fetched."""

import os
import shlex
import shutil
from pathlib import Path

from cdc.errors import StackError
from cdc.stack.packages import install_prefix
from cdc.stack.report import Report
from cdc.stack.site import Site
from cdc.stack.sources import machine_source

TOOLS = ("kcat", "jq")


def fetch_tools(site: Site, report: Report) -> None:
    """Have each tool as `bin/<tool>`; one that cannot be had is said and left out."""
    site.bin.mkdir(parents=True, exist_ok=True)
    for tool in TOOLS:
        try:
            _write_wrapper(site, tool, _find_tool(site, report, tool))
        except StackError as error:
            report.say("fetch", f"{tool} cannot be had, the stack does without: {error.message}")


def _find_tool(site: Site, report: Report, tool: str) -> list[str]:
    installed = _which(tool, site.bin)
    if installed:
        return [installed]
    root = site.cache / "packages" / tool
    new = not root.exists()
    source, _ = machine_source()
    with report.track("fetch", f"{tool}, from the machine's package source", None):
        prefix = install_prefix(root, source, [tool], site.cache / "locks")
    if new:
        report.say("fetch", f"{tool}, from the machine's package source")
    return prefix.command(f"usr/bin/{tool}")


def _which(tool: str, wrappers: Path) -> str | None:
    """The tool on PATH, unless that is our wrapper: it would call itself for ever."""
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    others = [folder for folder in folders if Path(folder).absolute() != wrappers]
    return shutil.which(tool, path=os.pathsep.join(others))


def _write_wrapper(site: Site, tool: str, command: list[str]) -> None:
    wrapper = site.bin / tool
    wrapper.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
    wrapper.chmod(0o755)
