"""Findings that were there before: a file of fingerprints to start with in a grown repository."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from cdc.errors import ConfigError
from cdc.findings import Finding, Severity


def read_baseline(path: Path) -> frozenset[str]:
    """The fingerprints that a baseline accepts.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))["findings"]
        return frozenset(str(entry["fingerprint"]) for entry in entries)
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such baseline", hint="--write-baseline makes it") from None
    except (OSError, ValueError, KeyError, TypeError):
        raise ConfigError(f"{path}: not a baseline", hint="--write-baseline makes it") from None


def write_baseline(path: Path, findings: Collection[Finding]) -> None:
    """Accept findings from now on.

    Raises:
        ConfigError: the file cannot be written.
    """
    entries = sorted(
        {"code": each.code, "object": each.subject, "fingerprint": each.fingerprint}.items()
        for each in findings
    )
    text = json.dumps({"findings": [dict(entry) for entry in entries]}, indent=2)
    try:
        path.write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written ({error.strerror})") from None


def accept(finding: Finding, baseline: Collection[str]) -> Finding:
    """The finding, as a note where the baseline has it."""
    if finding.fingerprint not in baseline:
        return finding
    return replace(finding, severity=Severity.NOTE, accepted="in the baseline")
