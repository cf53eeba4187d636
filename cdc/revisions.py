"""Folders as they were at a git revision.

Enters: a folder inside a checkout, and a revision. Leaves: what git prints, as bytes.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from cdc.errors import ConfigError

TIMEOUT_S = 60


def require_revision(folder: Path, revision: str) -> None:
    """See that a folder's checkout knows a revision.

    Raises:
        ConfigError: it does not, or the folder is in none; git cannot be run.
    """
    known = run_git(folder, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    if known.returncode:
        raise ConfigError(
            f"--against git:{revision}: {folder} is in no git checkout that knows this revision",
            hint="git fetch; CI often fetches the last commit only",
        )


def run_git(folder: Path, *args: str) -> subprocess.CompletedProcess[bytes]:
    """Run git in a folder, whatever its exit code.

    Raises:
        ConfigError: it cannot be run.
    """
    try:
        return subprocess.run(
            ["git", "-C", str(folder), *args],  # noqa: S607 -- whichever git the user has
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigError(
            f"git cannot be run: {type(error).__name__}", hint="--against a folder"
        ) from None
