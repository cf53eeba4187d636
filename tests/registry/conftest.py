from collections.abc import Iterator

import pytest

from cdc.stack.secrets import read_passwords
from registry.http import create_app
from registry.service import RegistryService, open_registry
from tests.registry.databases import make_database
from tests.registry.postgres import run_postgres
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


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """Run a PostgreSQL server for the session; its URL without a database's name."""
    with run_postgres() as url:
        yield url


@pytest.fixture(scope="session")
def mysql_server(stack) -> str:
    """The stack's MySQL; its URL without a database's name."""
    password = read_passwords(stack.site)["root.password"]
    return f"mysql://root:{password}@127.0.0.1:{stack.settings.port('mysql')}"


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("postgresql", marks=pytest.mark.stack),
        pytest.param("mysql", marks=pytest.mark.stack),
    ]
)
def database_url(request: pytest.FixtureRequest, tmp_path) -> str:
    """Name an empty database: every test that takes it runs on all three kinds of server."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/registry.db"
    return make_database(request.getfixturevalue(f"{request.param}_server"))
