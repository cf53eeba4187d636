"""A raw topic of its own for each test, on the stack's broker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.relay_stack.river import River


@pytest.fixture
def river(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[River]:
    """Relay processes are ended with the test."""
    river = River(request.getfixturevalue("stack").settings.bootstrap, tmp_path)
    yield river
    river.close()
