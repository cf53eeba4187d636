"""`cdc schemas` and `cdc registry` as a user calls them."""

import os
import subprocess
import sys
from pathlib import Path

NOWHERE = "http://127.0.0.1:1"
TIMEOUT_S = 60


def run_cdc(*args: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run `cdc` with these words; no setting of the person's environment reaches it."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("CDC_")}
    return subprocess.run(
        [sys.executable, "-m", "cdc", *map(str, args)],
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
