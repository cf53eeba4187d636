from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from starlette.types import ASGIApp

from registry.http import create_app
from registry.service import open_registry
from tests.registry.servers import serve

Serve = Callable[..., str]


@pytest.fixture
def serve_registry(tmp_path: Path) -> Iterator[Serve]:
    """Return a function that serves an empty registry, behind a wrapper of its application."""
    with ExitStack() as stack:

        def start(name: str, wrap: Callable[[ASGIApp], ASGIApp] = lambda app: app) -> str:
            service = open_registry(f"sqlite:///{tmp_path}/{name}.db")
            stack.callback(service.close)
            return stack.enter_context(serve(wrap(create_app(service))))

        yield start
