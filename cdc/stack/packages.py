"""Debian packages in a private prefix: nothing of the system is changed, no root is needed.

apt gets a state of its own with an empty list of installed packages, so that it fetches everything
that a program needs, its C library too; the prefix then runs through its own loader.
"""

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cdc.errors import StackError
from cdc.stack.site import wait_lock
from cdc.stack.sources import Source

TIMEOUT_S = 900
TRIPLETS = {"x86_64": "x86_64-linux-gnu", "aarch64": "aarch64-linux-gnu"}
# Of the machine's apt configuration only how it reaches and judges its mirror is taken over
# (proxies, whether a mirror that stands still is accepted); its hooks would act on the system.
NETWORK_OPTIONS = re.compile(r"Acquire::(?:https?|Retries|ForceIPv\d|Proxy|Check-[\w-]+)\b.*;")


@dataclass(frozen=True, slots=True)
class Prefix:
    """An unpacked set of packages."""

    root: Path

    def command(self, program: str) -> list[str]:
        """How to run `program` (a path inside the prefix) with the prefix's own libraries.

        Raises:
            StackError: the prefix has no loader for this machine.
        """
        triplet = TRIPLETS.get(platform.machine(), "")
        folders = [self.root / top / triplet for top in ("usr/lib", "lib")]
        loaders = [loader for folder in folders for loader in folder.glob("ld-linux-*.so.*")]
        if not triplet or not loaders:
            raise StackError(f"{self.root}: no program loader for {platform.machine()}")
        libraries = ":".join(str(folder) for folder in folders if folder.is_dir())
        return [str(loaders[0]), "--library-path", libraries, str(self.root / program)]


def install_prefix(root: Path, source: Source, names: Sequence[str], locks: Path) -> Prefix:
    """Have packages and all they need unpacked under `root`, which appears whole or not at all.

    Of `names` the first that the source carries is taken; a name that ends in `-` stands for its
    newest numbered package (`mysql-server-core-` for `mysql-server-core-8.0`).

    Raises:
        StackError: apt refuses; the message is its first error.
    """
    with wait_lock(locks / f"{root.name}.lock"):
        if not root.exists():
            _install(root, source, names)
    return Prefix(root)


def _install(root: Path, source: Source, names: Sequence[str]) -> None:
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise StackError("apt-get and dpkg-deb are needed to fetch packages")
    work = root.with_name(f".{root.name}.partial")
    shutil.rmtree(work, ignore_errors=True)
    environment = _write_apt_state(work, source)
    _run(["apt-get", "-q", "update"], environment)
    package = _choose_package(names, environment)
    install = ["apt-get", "-q", "-y", "install", "--no-install-recommends", "--download-only"]
    _run([*install, package], environment)
    tree = work / "tree"
    for archive in sorted((work / "cache/archives").glob("*.deb")):
        _run(["dpkg-deb", "-x", str(archive), str(tree)], environment)
        archive.unlink()
    tree.replace(root)
    shutil.rmtree(work)


def _write_apt_state(work: Path, source: Source) -> dict[str, str]:
    """An empty apt state in `work`; the environment that makes apt use it."""
    for folder in ("tree", "sources", "state/lists/partial", "cache/archives/partial"):
        (work / folder).mkdir(parents=True)
    (work / "sources/own.sources").write_text(source.render())
    (work / "status").touch()
    options = {
        "Dir::Etc::main": "/dev/null",
        "Dir::Etc::parts": "/dev/null",
        "Dir::Etc::preferences": "/dev/null",
        "Dir::Etc::preferencesparts": "/dev/null",
        "Dir::Etc::sourcelist": "/dev/null",
        "Dir::Etc::sourceparts": work / "sources",
        "Dir::State": work / "state",
        "Dir::State::status": work / "status",
        "Dir::Cache": work / "cache",
        "Acquire::Languages": "none",
    }
    if os.geteuid() == 0:
        options["APT::Sandbox::User"] = "root"  # apt's own user cannot enter a private cache
    lines = [f'{name} "{value}";' for name, value in options.items()]
    (work / "apt.conf").write_text("\n".join([*lines, *_network_options()]) + "\n")
    return os.environ | {
        "APT_CONFIG": str(work / "apt.conf"),
        "LC_ALL": "C.UTF-8",
        "DEBIAN_FRONTEND": "noninteractive",
    }


def _network_options() -> list[str]:
    dump = _run(["apt-config", "dump"], dict(os.environ))
    return [line for line in dump.splitlines() if NETWORK_OPTIONS.match(line)]


def _choose_package(names: Sequence[str], environment: dict[str, str]) -> str:
    for name in names:
        known = _run(["apt-cache", "pkgnames", name], environment).split()
        pattern = re.compile(re.escape(name) + (r"\d[\d.]*" if name.endswith("-") else ""))
        found = [package for package in known if pattern.fullmatch(package)]
        if found:
            return max(found, key=lambda package: list(map(int, re.findall(r"\d+", package))))
    raise StackError(f"the machine's package source carries none of: {', '.join(names)}")


def _run(command: list[str], environment: dict[str, str]) -> str:
    result = subprocess.run(
        command,
        env=environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=TIMEOUT_S,
        check=False,
    )
    if result.returncode:
        errors = [line for line in result.stderr.splitlines() if line.startswith("E:")]
        raise StackError(
            f"{' '.join(command[:3])}: {(errors or ['exit ' + str(result.returncode)])[0]}",
            hint="packages come from the machine's own apt source: does `apt-get update` work?",
        )
    return result.stdout
