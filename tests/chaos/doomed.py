"""A relay that meets its end at a chosen step of the transaction protocol.

Run as `python -m tests.chaos.doomed INSTANCE STEP SIGNAL NOTE`, with settings in the environment.
It is the real relay; only its producer carries a fuse. SIGUSR1 lights it: at the next transaction
that holds governed records and has come to STEP, the process sends itself SIGNAL, after it has
written step and number of open records to the file NOTE.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
import time
from enum import StrEnum
from pathlib import Path
from typing import Any

from confluent_kafka import Producer

from cdc.app import build_relay
from cdc.config import load_settings
from cdc.errors import HeadworksError
from cdc.kafka import client
from cdc.relay.process import run_relay

MOST_PRODUCED = 20
LONGEST_COMMIT_S = 0.004


class Step(StrEnum):
    """Where in the protocol the end comes; numbers are those of `cdc.kafka.port`."""

    PRODUCING = "3, some records produced"
    PRODUCED = "3, all records produced"
    OFFSETS = "4, offsets in the transaction"
    COMMITTING = "4, while the commit is on its way"
    COMMITTED = "4, committed, not yet noted by the relay"


class Fuse:
    """What all producers of the process share."""

    def __init__(self, step: Step, number: signal.Signals, note: Path) -> None:
        self.step = step
        self.lit = threading.Event()
        self._number = number
        self._note = note

    def burn(self, step: Step, records: int) -> None:
        """The end, if this is where it was to come."""
        if records and self.lit.is_set() and step is self.step:
            self.end(records)

    def end(self, records: int) -> None:
        """Write down what dies, and die; after SIGSTOP life may go on, once."""
        self.lit.clear()
        self._note.write_text(f"{self.step.name} {records}")
        os.kill(os.getpid(), self._number)


class DoomedProducer(Producer):
    """The client's producer with a fuse at each step."""

    fuse: Fuse

    def begin_transaction(self, *args: Any) -> None:
        """2."""
        self._records = 0
        self._last = random.randint(1, MOST_PRODUCED)
        super().begin_transaction(*args)

    def produce(self, topic: str, *args: Any, **kwargs: Any) -> None:
        """3. Control topics do not count."""
        super().produce(topic, *args, **kwargs)
        self._records += not topic.startswith("_cdc.")
        if self._records == self._last:
            self.poll(0)
            self.fuse.burn(Step.PRODUCING, self._records)

    def send_offsets_to_transaction(self, *args: Any) -> None:
        """4, its first half."""
        self.fuse.burn(Step.PRODUCED, self._records)
        super().send_offsets_to_transaction(*args)
        self.fuse.burn(Step.OFFSETS, self._records)

    def commit_transaction(self, *args: Any) -> None:
        """4, its second half."""
        if self._records and self.fuse.lit.is_set() and self.fuse.step is Step.COMMITTING:
            threading.Thread(target=self._end_soon).start()
        super().commit_transaction(*args)
        self.fuse.burn(Step.COMMITTED, self._records)

    def _end_soon(self) -> None:
        time.sleep(random.random() * LONGEST_COMMIT_S)
        self.fuse.end(self._records)


def main() -> int:
    """Exit as `cdc relay run` does, if it comes to that."""
    instance, step, number, note = sys.argv[1:]
    DoomedProducer.fuse = Fuse(Step[step], signal.Signals[number], Path(note))
    signal.signal(signal.SIGUSR1, lambda *_: DoomedProducer.fuse.lit.set())
    client.Producer = DoomedProducer
    try:
        run_relay(load_settings(), int(instance), build_relay)
    except HeadworksError as error:
        print(f"error: {error.message}", file=sys.stderr)  # noqa: T201 (what a user sees)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
