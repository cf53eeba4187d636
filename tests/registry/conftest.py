from collections.abc import Iterator

import pytest

from registry.http import create_app
from registry.service import RegistryService, open_registry
from tests.registry.servers import serve


@pytest.fixture
def service(tmp_path) -> Iterator[RegistryService]:
    """Open an empty registry."""
    service = open_registry(f"sqlite:///{tmp_path}/http.db")
    yield service
    service.close()


@pytest.fixture
def url(service: RegistryService) -> Iterator[str]:
    """Serve an empty registry over HTTP."""
    with serve(create_app(service)) as url:
        yield url
