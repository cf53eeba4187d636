"""A relay as a process: one per instance name, stoppable, observable."""

from __future__ import annotations

import fcntl
import gc
import os
import signal
import socket
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cdc.config import Settings
from cdc.errors import ConfigError, ExitCode, FatalError, HeadworksError
from cdc.relay.loop import Relay
from cdc.telemetry.health import HealthServer
from cdc.telemetry.logs import configure_logs, get_log

GC_THRESHOLD = 50_000
"""A batch holds thousands of message objects; at Python's 700 the collector walks them again and
again, which doubles what reading a message costs."""
STOPPING = (signal.SIGTERM, signal.SIGINT)
STOP_S = 8.0
"""From the signal to the end at the latest; those who send it often kill after 10 s."""
_LOG = get_log("cdc.relay")


def lock_file(settings: Settings, instance: int) -> Path:
    """Where the one process of this name holds its lock."""
    return settings.stack_dir / "run" / f"relay-{settings.relay.group}-{instance}.lock"


@contextmanager
def hold_lock(settings: Settings, instance: int) -> Iterator[None]:
    """Be the only process of this name on this machine; a dead one's lock is free.

    Raises:
        ConfigError: another process holds it.
    """
    path = lock_file(settings, instance)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            raise ConfigError(
                f"relay instance {instance} of group {settings.relay.group} already runs "
                f"(process {file.read().strip() or 'unknown'}, {path})",
                hint="give this one another --instance",
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


@contextmanager
def stop_on_signals(within_s: float = STOP_S) -> Iterator[threading.Event]:
    """An event that SIGTERM and SIGINT set; `within_s` later the process ends, whatever it does.

    The loop may be held in a call of a client for long, and Python's handlers wait for its return:
    so a thread listens at the wake-up descriptor. Its end loses nothing, what is not committed is
    taken again from its offsets.
    """
    stop, left = threading.Event(), threading.Event()
    ear, mouth = socket.socketpair()
    mouth.setblocking(False)  # noqa: FBT003 (so the signal module wants it)

    def watch() -> None:
        with ear:
            while (told := ear.recv(1)) and told[0] not in STOPPING:
                pass
        if told:
            stop.set()
            _leave(left, within_s)

    watcher = threading.Thread(target=watch, name="signals", daemon=True)
    watcher.start()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in STOPPING}
    woken = signal.set_wakeup_fd(mouth.fileno(), warn_on_full_buffer=False)
    try:
        yield stop
    finally:
        left.set()
        signal.set_wakeup_fd(woken)
        for number, handler in before.items():
            signal.signal(number, handler)
        mouth.close()
        watcher.join()


def _leave(left: threading.Event, within_s: float) -> None:
    if not left.wait(within_s):
        _LOG.warning("relay_left", message="stopped without taking leave", after_s=within_s)
        os._exit(ExitCode.FINE)


def run_relay(settings: Settings, instance: int, build: Callable[[Settings, int], Relay]) -> None:
    """Lock, build, serve health, relay until a signal comes.

    Raises:
        ConfigError: the instance already runs, its port is taken, or `build` refuses the settings.
        Unreachable: Kafka does not answer.
        FatalError: see `Relay.run`.
    """
    configure_logs()
    with hold_lock(settings, instance), stop_on_signals() as stop:
        relay = build(settings, instance)
        port = settings.listening_port("relay") if instance == 0 else 0
        with HealthServer(port, relay.ports.health, relay.ports.metrics):
            gc.collect()
            gc.freeze()
            gc.set_threshold(GC_THRESHOLD)
            with without_values():
                relay.run(stop)


@contextmanager
def without_values() -> Iterator[None]:
    """Tell what nobody foresaw by its class and place: its own words may quote a row.

    Raises:
        FatalError: in place of any exception that is not ours.
    """
    try:
        yield
    except HeadworksError:
        raise
    except Exception as error:  # noqa: BLE001 -- whatever it is, its text must not be printed
        *_, last = traceback.extract_tb(error.__traceback__)
        raise FatalError(
            f"unexpected {type(error).__name__} in {Path(last.filename).name}:{last.lineno}"
            f" ({last.name}); nothing of this round was committed",
            hint="a defect of Headworks: report it with this line",
        ) from None
