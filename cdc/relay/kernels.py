"""Gets the kernels ready beside the running relay, which goes event by event until they are."""

from __future__ import annotations

import gc
import threading
import time
from pathlib import Path

from cdc.kernels.compiling import is_available, keep_compiled_in
from cdc.telemetry.logs import get_log

_LOG = get_log("cdc.relay")


class Kernels:
    """Compiled once per machine and version of numba, kept in `folder`, fetched from there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ready = threading.Event()

    def __call__(self) -> bool:
        """Whether they may be used; once they may, for good."""
        return self._ready.is_set()

    def load(self) -> None:
        """Begin; without numba nothing happens but a line in the log."""
        if not is_available():
            _LOG.warning("no_kernels", message="numba is not installed: all goes event by event")
            return
        keep_compiled_in(self._folder)
        threading.Thread(target=self._load, name="kernels", daemon=True).start()

    def _load(self) -> None:
        from cdc.stream.warm import warm_up  # noqa: PLC0415 (numba)

        began = time.monotonic()
        try:
            warm_up()
        except Exception as error:  # noqa: BLE001 -- a compiler may fail in any way, events must not
            _LOG.warning("no_kernels", message=f"numba failed ({type(error).__name__})")
            return
        gc.freeze()  # hundreds of thousands of numba's objects, which the collector need not walk
        self._ready.set()
        _LOG.info("kernels_ready", after_s=round(time.monotonic() - began, 1))
