"""Several processes on one database: one id for one schema, and none lost or given twice."""

import multiprocessing
import os
import signal
from pathlib import Path

from registry.model import NewSchema, Subject
from registry.service import open_registry
from tests.registry.cases import make_record
from tests.waiting import wait_until

WORKERS = 3
SCHEMAS = 25
SPAWN = multiprocessing.get_context("spawn")


def make_text(name: str) -> str:
    """Return a schema with one field of this name."""
    return make_record({"name": name, "type": "int"})


def register_both(url: str, worker: int, told: str) -> None:
    """Register the schemas that all workers share and this one's own; write down each id told."""
    registry = open_registry(url)
    with Path(told).open("a", encoding="utf-8") as log:
        for i in range(SCHEMAS):
            shared = registry.register(Subject(f"shared{i}"), NewSchema(make_text(f"s{i}")))
            own = make_text(f"w{worker}_{i}")
            mine = registry.register(Subject(f"own{worker}-{i}"), NewSchema(own))
            log.write(f"s{i} {shared.id}\nw{worker}_{i} {mine.id}\n")
            log.flush()
    registry.close()


def read_told(file: Path) -> dict[str, int]:
    """Return the ids that a worker was told, by field name; a killed one's last line may be cut."""
    lines = file.read_text().splitlines() if file.exists() else []
    pairs = [line.split(" ") for line in lines]
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1]}


def test_workers_agree_on_ids_even_when_one_is_killed(database_url, tmp_path):
    """What anybody was told holds for all, the victim's versions are whole, no id comes again."""
    open_registry(database_url).close()
    files = [tmp_path / f"told{worker}" for worker in range(WORKERS + 1)]
    workers = [
        SPAWN.Process(target=register_both, args=(database_url, worker, str(file)))
        for worker, file in enumerate(files)
    ]
    for worker in workers:
        worker.start()
    *survivors, victim = workers
    wait_until(lambda: len(read_told(files[-1])) > 4, 60, "the victim's first registrations")
    os.kill(victim.pid, signal.SIGKILL)
    for worker in workers:
        worker.join(120)
    assert [worker.exitcode for worker in survivors] == [0] * WORKERS
    told = [read_told(file) for file in files[:-1]]
    assert {len(ids) for ids in told} == {2 * SCHEMAS}
    check_ids(database_url, told, read_told(files[-1]))


def check_ids(url: str, told: list[dict[str, int]], victims: dict[str, int]) -> None:
    """Every id means one schema, to every worker and in the database, and the next one is new."""
    registry = open_registry(url)
    merged: dict[str, int] = {}
    for ids in told:
        assert all(merged.setdefault(name, number) == number for name, number in ids.items())
    assert len(set(merged.values())) == len(merged)
    last = list(victims)[-1]  # its line may be cut short
    for name, number in {**{n: i for n, i in victims.items() if n != last}, **merged}.items():
        assert registry.get_schema(number).schema == make_text(name).replace(" ", "")
    registered = registry.list_registered()
    assert len({version.id for version in registered}) == len({v.schema for v in registered})
    highest = max(version.id for version in registered)
    assert registry.register(Subject("new"), NewSchema(make_text("n"))).id > highest
    registry.close()
