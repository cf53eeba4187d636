"""Where everything of one stack lies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cdc
from cdc.config import Settings
from cdc.errors import StackError


@dataclass(frozen=True, slots=True)
class Site:
    """One stack: its settings and its folders.

    `config` is the settings file that was named on the command line; our own processes get it too.
    """

    settings: Settings
    config: Path | None = None

    @property
    def root(self) -> Path:
        """State of this stack; `clean` removes it."""
        return self.settings.stack_dir

    @property
    def cache(self) -> Path:
        """Downloads; never removed by a command."""
        return self.settings.cache_dir

    @property
    def data(self) -> Path:
        """What the servers store."""
        return self.root / "data"

    @property
    def etc(self) -> Path:
        """Generated server configuration, without secrets."""
        return self.root / "etc"

    @property
    def bin(self) -> Path:
        """Wrappers of tools for a person (kcat, jq)."""
        return self.root / "bin"

    def log(self, part: str) -> Path:
        """Log of a part; each start appends to it."""
        return self.root / "logs" / f"{part}.log"

    def record(self, part: str) -> Path:
        """Which process a part is."""
        return self.root / "run" / f"{part}.json"

    @property
    def connect_plugins(self) -> Path:
        """Kafka Connect's `plugin.path`, in the cache."""
        return self.cache / "plugins"

    @property
    def mysql_prefix(self) -> Path:
        """The fetched MySQL server, in the cache."""
        return self.cache / "packages" / "mysql"


def repository_file(name: str) -> Path:
    """A file of the `mysql/` folder, from the checkout or, installed, from inside the package.

    Raises:
        StackError: it is in neither.
    """
    package = Path(cdc.__file__).parent
    places = [package.parent / "mysql" / name, package / "stack" / "mysql" / name]
    for place in places:
        if place.is_file():
            return place
    raise StackError(f"mysql/{name} is missing: looked for {places[0]} and {places[1]}")


@contextmanager
def hold_lock(file: Path, waiting: str) -> Iterator[None]:
    """Let one process at a time pass; the others get `StackError`, which says `waiting`.

    Raises:
        StackError: another process holds the lock.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackError(waiting) from None
        yield


@contextmanager
def wait_lock(file: Path) -> Iterator[None]:
    """Let one process at a time pass; the others wait (a dead holder's lock is free at once)."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all; its folder gets mode 700."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file.parent.chmod(0o700)
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as handle:
        handle.write(text)
    partial.replace(file)
