"""A PostgreSQL server of the tests' own, on a free loopback port, gone when they end.

The machine's own programs are used where they are; elsewhere they come from its package source
into the same private prefix in the cache as the stack's MySQL.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cdc.config import load_settings
from cdc.stack.packages import install_prefix
from cdc.stack.sources import machine_source
from tests.waiting import wait_until

INSTALLED = Path("/usr/lib/postgresql")
USER = "registry"
NOBODY = 65534  # initdb and postgres refuse to run as root
DEADLINE_S = 60


@dataclass(frozen=True)
class Programs:
    """Where PostgreSQL's programs are and which folders of libraries they need."""

    folder: Path
    libraries: str = ""

    def run(self, program: str, *args: str, data: Path) -> subprocess.Popen[bytes]:
        """Start a program as a user it accepts; what it says goes to a log beside the data."""
        who: dict[str, Any] = {}
        if os.geteuid() == 0:
            who = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
        if self.libraries:
            environment["LD_LIBRARY_PATH"] = self.libraries
        with (data.parent / "log").open("ab") as log:
            return subprocess.Popen(
                [str(self.folder / program), *args],
                env=environment,
                cwd=data.parent,
                stdout=log,
                stderr=log,
                **who,
            )


def find_programs(work: Path, installed: Path = INSTALLED) -> Programs:
    """The newest PostgreSQL of the machine, else one in the cache, readable for everybody."""
    folders = sorted(installed.glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if folders:
        return Programs(folders[-1].parent)
    cache = load_settings().cache_dir
    prefix = cache / "packages" / "postgresql"
    install_prefix(prefix, machine_source()[0], ("postgresql-",), cache / "locks")
    root = prefix
    if os.geteuid() == 0:  # nobody may not look into root's cache
        root = Path(shutil.copytree(prefix, work / "prefix", symlinks=True))
    (folder,) = root.glob("usr/lib/postgresql/*/bin")
    libraries = [str(path) for path in root.glob("usr/lib/*-linux-gnu")]
    return Programs(folder, ":".join(libraries))


@contextlib.contextmanager
def run_postgres() -> Iterator[str]:
    """Start a server; its URL without a database's name."""
    with tempfile.TemporaryDirectory(prefix="registry-pg-", ignore_cleanup_errors=True) as folder:
        work = Path(folder)
        work.chmod(0o755)
        data = work / "data"
        data.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(data, NOBODY, NOBODY)
        programs = find_programs(work)
        options = ("--auth=trust", f"--username={USER}", "--encoding=UTF8", "--locale=C.UTF-8")
        initialized = programs.run("initdb", *options, "-D", str(data), data=data)
        assert initialized.wait(DEADLINE_S) == 0, (work / "log").read_text()
        port = find_port()
        settings = ("listen_addresses=127.0.0.1", "fsync=off", "max_connections=200")
        flags = [flag for setting in settings for flag in ("-c", setting)]
        place = ("-D", str(data), "-k", str(data), "-p", str(port))
        server = programs.run("postgres", *place, *flags, data=data)
        try:
            wait_until(lambda: is_listening(port), DEADLINE_S, f"PostgreSQL on port {port}")
            yield f"postgresql://{USER}@127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(DEADLINE_S)


def find_port() -> int:
    """A port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def is_listening(port: int) -> bool:
    """Whether somebody takes connections."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
