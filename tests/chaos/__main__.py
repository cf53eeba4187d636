"""`make chaos`: many kills of everything, then the account, as JSON on stdout.

Each of relay, Connect and broker gets a third of the kills, in random order; the relay's come to
every step of its protocol in turn. At the end the broker is away for two minutes, longer than any
session and transaction lasts.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos.doomed import Step
from tests.chaos.storm import Storm, differences
from tests.chaos.workload import Workload
from tests.conftest import LiveStack, make_stack

PARTS = ("connect", "kafka")


def main() -> int:
    """Exit code 1 where a change was lost, doubled or out of order."""
    parser = argparse.ArgumentParser(prog="tests.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=51, help="in all; a third for each victim")
    parser.add_argument(
        "--outage", type=float, default=120.0, help="seconds that the broker is away at the end"
    )
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        live = make_stack(Path(folder) / "stack")
        try:
            live.run("stack", "up")
            account = rage(live, Path(folder), options)
        finally:
            live.run("stack", "down", check=False)
    sys.stdout.write(json.dumps(account, indent=2) + "\n")
    return 1 if account["differences"] or not account["verify_equal"] else 0


def rage(live: LiveStack, folder: Path, options: argparse.Namespace) -> dict[str, object]:
    """Kill the victims in random order, take the broker away for long; what it came to."""
    storm, began = Storm(live, folder, "storm", options.seed), time.monotonic()
    storm.prepare()
    steps = itertools.cycle(Step)
    victims = [*PARTS, "relay"] * (options.kills // 3)
    random.Random(options.seed).shuffle(victims)
    storm.relay(next(steps))
    with storm.workload() as workload:
        for done, victim in enumerate(victims):
            storm.await_progress(workload)
            _say(done, len(victims), victim, workload)
            if victim == "relay":
                storm.kill_relay(storm.relays[-1])
                storm.relay(next(steps))
            else:
                storm.kill_part(victim)
                storm.start_part(victim)
        storm.await_progress(workload)
        storm.kill_part("kafka")
        time.sleep(options.outage)
        storm.start_part("kafka")
        storm.await_progress(workload)
    verified = storm.verify()
    return {
        "seed": options.seed,
        "seconds": round(time.monotonic() - began),
        "kills": dict(sorted(storm.kills.items())),
        "task_restarts": storm.task_restarts,
        "relay_exits": dict(storm.relay_exits),
        "changes": sum(map(len, workload.history.values())),
        "records": sum(map(len, storm.seen.values())),
        "reread": storm.reread,
        "raw_doubles": storm.raw_doubles(),
        "differences": differences(workload.history, storm.seen),
        "verify_equal": verified.returncode == 0,
    }


def _say(done: int, total: int, victim: str, workload: Workload) -> None:
    sys.stderr.write(f"{done + 1}/{total}  {victim:<8} after {workload.changes:,} changes\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
