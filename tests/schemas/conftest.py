from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.client import RegistryClient
from registry.http import create_app
from registry.service import open_registry
from tests.registry.servers import serve


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """Serve an empty registry."""
    service = open_registry(f"sqlite:///{tmp_path}/registry.db")
    with serve(create_app(service)) as url:
        yield url
    service.close()


@pytest.fixture
def client(url: str) -> RegistryClient:
    """Return a client of the served registry."""
    return RegistryClient(url)
