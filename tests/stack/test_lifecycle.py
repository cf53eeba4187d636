import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from rich.console import Console

from cdc.errors import ConfigError, StackError, Unreachable
from cdc.stack.lifecycle import bring_down, bring_up, remove_stack
from cdc.stack.parts import PARTS, StackPart, group_waves, select_parts
from cdc.stack.processes import find_process, tail_lines
from cdc.stack.report import Report
from cdc.stack.site import Site, hold_lock
from cdc.stack.status import read_status
from tests.conftest import make_stack


class Recorded(Report):
    """A report whose lines can be read."""

    def __init__(self) -> None:
        self.text = io.StringIO()
        super().__init__(Console(file=self.text, soft_wrap=True))


def make_part(code: str, is_ready: Callable[[Site, int], bool]) -> StackPart:
    """A part that is a Python program; it takes mysql's place."""
    return StackPart(
        name="mysql",
        needs=(),
        fetches=(),
        prepare=lambda _: [sys.executable, "-c", code],
        is_ready=is_ready,
        address=lambda settings: f"127.0.0.1:{settings.port('mysql')}",
    )


def is_gone(process: psutil.Process) -> bool:
    """Whether nothing of it runs; who should bury it may be slow."""
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def said_hello(site: Site, start: int) -> bool:
    """Whether this start has said so."""
    return tail_lines(site.log("mysql"), 1, start=start) == ["hello"]


GOOD = make_part("import time; print('hello', flush=True); time.sleep(60)", said_hello)
MUTE = make_part("import time; time.sleep(60)", said_hello)
DYING = make_part(
    "import sys; print('\\n'.join(map(str, range(99)))); sys.exit('no disk')", said_hello
)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A stack's folders; what was started is ended after the test."""
    made = make_stack(tmp_path / "s", CDC_STACK__START_TIMEOUT_S="10").site
    yield made
    bring_down(made, [GOOD], Recorded())


def test_a_second_up_starts_nothing(site: Site) -> None:
    """What runs is found and left alone."""
    bring_up(site, [GOOD], Recorded())
    first = find_process(site.record("mysql"))
    report = Recorded()
    bring_up(site, [GOOD], report)
    assert first is not None
    assert first == find_process(site.record("mysql"))
    assert "runs already" in report.text.getvalue()


def test_a_part_that_dies_is_told_with_its_last_lines(site: Site) -> None:
    """The error has the log's end, not its beginning, and where the rest is."""
    with pytest.raises(StackError) as caught:
        bring_up(site, [DYING], Recorded())
    assert "mysql died while starting" in str(caught.value)
    assert "| no disk" in str(caught.value)
    assert "| 3\n" not in str(caught.value)
    assert caught.value.hint == "cdc stack logs mysql -n 100"


def test_a_part_that_is_never_ready_is_ended(tmp_path: Path) -> None:
    """After the deadline nothing is left running."""
    site = make_stack(tmp_path / "s", CDC_STACK__START_TIMEOUT_S="0.3").site
    with pytest.raises(StackError, match=r"mysql was not ready within 0\.3 s"):
        bring_up(site, [MUTE], Recorded())
    assert find_process(site.record("mysql")) is None


def test_down_of_a_dead_stack_is_fine(site: Site) -> None:
    """A part that has died counts as stopped after `down`; without a stack nothing is said."""
    bring_down(site, PARTS, Recorded())
    bring_up(site, [GOOD], Recorded())
    process = find_process(site.record("mysql"))
    assert process is not None
    process.kill()
    process.wait(10)
    assert read_status(site)[0].state == "dead"
    bring_down(site, PARTS, Recorded())
    assert read_status(site)[0].state == "stopped"


def test_clean_removes_state_not_downloads(site: Site) -> None:
    """The folder goes, its processes too; the cache is not inside it."""
    bring_up(site, [GOOD], Recorded())
    process = find_process(site.record("mysql"))
    remove_stack(site, Recorded())
    assert not site.root.exists()
    assert process is not None
    assert is_gone(process)
    assert not site.cache.is_relative_to(site.root)


def test_two_commands_do_not_work_on_one_stack(site: Site) -> None:
    """The second says so at once."""
    with (
        hold_lock(site.root / "lock", "held"),
        pytest.raises(StackError, match="another `cdc stack` command"),
    ):
        bring_up(site, [GOOD], Recorded())


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("CDC_MYSQL__URL", "mysql://127.0.0.1:1", "mysql.url: nothing answers at 127.0.0.1:1"),
        ("CDC_KAFKA__BOOTSTRAP", "127.0.0.1:1", "kafka.bootstrap: nothing answers"),
        ("CDC_CONNECT__URL", "http://127.0.0.1:1", "does not answer at http://127.0.0.1:1"),
    ],
)
def test_a_server_of_yours_must_answer(
    tmp_path: Path, variable: str, value: str, said: str
) -> None:
    """What the settings name is not started, only asked; silence is one clear line."""
    site = make_stack(tmp_path / "s", **{variable: value}).site
    part = variable.removeprefix("CDC_").partition("__")[0].lower()
    with pytest.raises(Unreachable, match=said):
        bring_up(site, [p for p in PARTS if p.name == part], Recorded())


def test_needs_come_first() -> None:
    """A named part brings what it needs; waves start nothing before what it needs."""
    assert [part.name for part in select_parts(["relay"])] == ["kafka", "serve", "relay"]
    assert [part.name for part in select_parts([])] == ["mysql", "kafka", "connect"]
    waves = [[part.name for part in wave] for wave in group_waves(PARTS)]
    assert waves == [["mysql", "kafka", "serve"], ["connect", "relay"]]
    with pytest.raises(ConfigError, match="no such part: redis"):
        select_parts(["redis"])
