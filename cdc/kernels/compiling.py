"""The only door to numba: what makes a Python function machine code, and where that is kept."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar, cast

Function = TypeVar("Function", bound=Callable[..., Any])


@cache
def is_available() -> bool:
    """Whether numba is there; it is not imported for the answer."""
    return find_spec("numba") is not None


def keep_compiled_in(folder: Path) -> None:
    """Where compiled kernels are kept from run to run; an own `NUMBA_CACHE_DIR` wins.

    To be called before the first kernel is loaded. A folder that cannot be written costs the
    compilation at every start, nothing else.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return
    os.environ.setdefault("NUMBA_CACHE_DIR", str(folder))


def kernel(function: Function) -> Function:
    """Compile at the first call, for the types of its arguments."""
    from numba import njit  # noqa: PLC0415 (half a second, which `cdc --help` must not pay)

    compile_ = partial(njit, nogil=True, error_model="numpy")
    try:
        compiled = compile_(cache=True)(function)
    except RuntimeError:  # no folder to keep it in
        compiled = compile_()(function)
    return cast("Function", compiled)
