from pathlib import Path

import pytest

from cdc.errors import StackError
from cdc.stack.sources import Source, machine_source, read_sources, with_mysql

DEBIAN_12 = 'PRETTY_NAME="Debian GNU/Linux 12"\nID=debian\nVERSION_CODENAME=bookworm\n'
DEBIAN_13 = "ID=debian\nVERSION_CODENAME=trixie\n"
UBUNTU_24 = "ID=ubuntu\nVERSION_CODENAME=noble\nID_LIKE=debian\n"

DEB822 = """\
# The distribution's.
Types: deb deb-src
URIs: http://mirror.test/debian
Suites: trixie trixie-updates
Components: main
Signed-By: /usr/share/keyrings/debian.gpg

Types: deb
URIs: http://mirror.test/debian-security
Suites: trixie-security
Components: main
Signed-By: /usr/share/keyrings/debian.gpg
"""
VENDOR = """\
Types: deb
URIs: http://vendor.test/node
Suites: nodistro
Components: main
"""


def make_machine(root: Path, release: str, files: dict[str, str]) -> Path:
    """An /etc with an os-release and apt's source files."""
    (root / "apt/sources.list.d").mkdir(parents=True)
    (root / "os-release").write_text(release)
    for name, text in files.items():
        (root / "apt" / name).write_text(text)
    return root


def test_deb822_keeps_the_key(tmp_path: Path) -> None:
    """On Debian 13 the first stanza is taken, with its keyring, and asked for sid."""
    files = {"sources.list.d/debian.sources": DEB822, "sources.list.d/a.sources": VENDOR}
    source, system = machine_source(make_machine(tmp_path, DEBIAN_13, files))
    assert with_mysql(source, system).render() == (
        "Types: deb\nURIs: http://mirror.test/debian\nSuites: sid\nComponents: main\n"
        "Signed-By: /usr/share/keyrings/debian.gpg\n"
    )


def test_one_line_form_is_read(tmp_path: Path) -> None:
    """Debian 12's sources.list gives the same, its options included."""
    text = (
        "# deb http://old.test/debian bookworm main\n"
        "deb [arch=amd64 signed-by=/k.gpg] http://mirror.test/debian bookworm main contrib # own\n"
        "deb-src http://mirror.test/debian bookworm main\n"
    )
    source, _ = machine_source(make_machine(tmp_path, DEBIAN_12, {"sources.list": text}))
    expected = Source(("http://mirror.test/debian",), ("bookworm",), ("main", "contrib"), "/k.gpg")
    assert source == expected


def test_a_vendor_under_the_release_s_name_is_passed_over(tmp_path: Path) -> None:
    """A vendor who publishes as `bookworm main` is not taken for Debian."""
    files = {
        "sources.list.d/aaa.list": "deb http://vendor.test/php bookworm main\n",
        "sources.list.d/cloud.list": "deb http://cloud.test/apt cloud-sdk-bookworm main\n",
        "sources.list.d/debian.list": "deb http://mirror.test/debian bookworm main\n",
    }
    source, _ = machine_source(make_machine(tmp_path, DEBIAN_12, files))
    assert source.uris == ("http://mirror.test/debian",)


def test_ubuntu_stays_as_it_is(tmp_path: Path) -> None:
    """Ubuntu carries MySQL itself: suites and components are kept."""
    text = (
        "Types: deb\nURIs: http://mirror.test/ubuntu/\nSuites: noble noble-updates\n"
        "Components: main universe\nSigned-By:\n -----BEGIN KEY-----\n .\n abc\n"
    )
    files = {"sources.list.d/ubuntu.sources": text}
    source, system = machine_source(make_machine(tmp_path, UBUNTU_24, files))
    assert with_mysql(source, system) == source
    assert source.suites == ("noble", "noble-updates")
    assert source.signed_by == "\n -----BEGIN KEY-----\n .\n abc"


def test_a_disabled_stanza_is_none() -> None:
    """`Enabled: no` is as if it were not there."""
    assert read_sources("Enabled: no\n" + VENDOR, deb822=True) == []


@pytest.mark.parametrize("release", ["ID=fedora\nPRETTY_NAME=Fedora\n", DEBIAN_12])
def test_no_source_says_what_to_do(tmp_path: Path, release: str) -> None:
    """Another system, or one without a source of its own, gets the way out as a hint."""
    with pytest.raises(StackError) as caught:
        machine_source(make_machine(tmp_path, release, {"sources.list.d/v.sources": VENDOR}))
    assert "stack.mysqld" in caught.value.hint
