from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cdc.errors import ConfigError, Unreachable
from cdc.store import AppliedConnectors, ServiceDatabase
from registry.service import open_registry


def store_at(path: Path) -> AppliedConnectors:
    """The store on a file, which need not exist."""
    return AppliedConnectors(ServiceDatabase(f"sqlite:///{path}"))


def test_what_is_written_is_read_by_the_next_process(tmp_path: Path) -> None:
    """The newest document of each connector of a cluster, and of no other cluster."""
    one = store_at(tmp_path / "deep" / "cdc.db")
    one.write("c1", "shop", "old")
    one.write("c1", "shop", "new")
    one.write("c1", "Shop", "another name")
    one.write("c2", "shop", "elsewhere")
    one.remove("c1", "never there")

    other = store_at(tmp_path / "deep" / "cdc.db")
    assert other.read("c1") == {"shop": "new", "Shop": "another name"}
    other.remove("c1", "shop")
    assert one.read("c1") == {"Shop": "another name"}
    assert one.read("c2") == {"shop": "elsewhere"}


def test_it_lives_beside_the_registry(tmp_path: Path) -> None:
    """Both keep their tables in one database, whoever comes first."""
    for first in (True, False):
        path = tmp_path / f"{first}.db"
        steps = [lambda p=path: store_at(p).write("c", "n", "{}")]
        steps.insert(first, lambda p=path: open_registry(f"sqlite:///{p}").close())
        for step in steps:
            step()
        assert store_at(path).read("c") == {"n": "{}"}


def test_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    """Connectors are applied by several threads: each one's document is there."""
    made = store_at(tmp_path / "cdc.db")
    made.read("c")
    names = [f"n{number}" for number in range(24)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: made.write("c", name, name), names))
    assert made.read("c") == {name: name for name in names}


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("no url", ConfigError),
        ("oracle9://x/y", ConfigError),
        ("mysql://root:hunter2@127.0.0.1:1/cdc", Unreachable),
        ("sqlite:////proc/none/cdc.db", Unreachable),
    ],
)
def test_a_database_that_cannot_be_used_is_one_line(url: str, error: type[Exception]) -> None:
    """It names the setting and no password."""
    with pytest.raises(error, match=r"registry\.database") as caught:
        AppliedConnectors(ServiceDatabase(url)).read("c")
    assert "hunter2" not in str(caught.value)
