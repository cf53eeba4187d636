"""Which files of a folder have changed: a stamp per file, compared with those of before.

Enters: a folder. Leaves: per file name what changes with its content or with who may read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

Stamp = tuple[int, int, int]
"""Change of content and of the file's own state, both in ns since 1970, and size in bytes."""


def read_stamps(folder: Path, pattern: str) -> Mapping[str, Stamp]:
    """Of the files that match; none of a folder that cannot be read.

    A file that goes while it is looked at is left out: the next look is the one that counts.
    """
    stamps = {}
    for path in folder.glob(pattern):
        with suppress(OSError):
            stat = path.stat()
            stamps[path.name] = (stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size)
    return stamps
