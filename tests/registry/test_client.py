import io

import pytest
import requests
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse

from registry.client import RegistryClient
from registry.errors import (
    IncompatibleSchema,
    InvalidSchemaError,
    NotFound,
    RegistryUnreachable,
    Unprocessable,
)
from registry.model import CompatibilityLevel, SchemaId, Subject
from tests.registry.cases import X_INT, X_INT_Y_OPTIONAL, X_INT_Y_REQUIRED, X_STRING

S = Subject("shop/é users-value")
SECRET = "hunter2"


class Canned(BaseAdapter):
    """Answers every request with one status and body, and counts."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__()
        self.status, self.body, self.asked = status, body, []

    def send(self, request, **_options):
        self.asked.append(request)
        response = requests.Response()
        response.status_code = self.status
        response.raw = HTTPResponse(io.BytesIO(self.body), preload_content=False)
        response.request = request
        response.url = request.url
        return response

    def close(self):
        """Hold nothing."""


def make_canned(status: int, body: bytes) -> tuple[RegistryClient, Canned]:
    """Return a client whose registry always answers so."""
    adapter = Canned(status, body)

    def make_session() -> requests.Session:
        session = requests.Session()
        session.mount("http://", adapter)
        return session

    url = f"http://user:{SECRET}@registry:8081"
    return RegistryClient(url, auth=("user", SECRET), session_factory=make_session), adapter


@pytest.fixture
def client(url):
    """Return a client of a real, empty registry."""
    return RegistryClient(url + "/")


def test_what_is_registered_is_found(client):
    """Register, latest, look up, by id, versions, subjects."""
    assert client.latest(S) is None
    assert client.versions(S) == []
    assert client.look_up(S, X_INT) is None
    schema_id = client.register(S, X_INT)
    latest = client.latest(S)
    assert latest is not None
    assert (latest.id, latest.version, latest.subject) == (schema_id, 1, S)
    assert client.look_up(S, X_INT) == latest
    assert client.look_up(S, X_STRING) is None
    assert client.schema_by_id(schema_id) == latest.schema
    assert client.versions(S) == [1]
    assert (client.subjects(), client.subjects("shop/"), client.subjects("x")) == ([S], [S], [])


def test_a_deleted_subject_is_gone_and_its_ids_are_not(client):
    """All versions in order, then none; deleting again, or what never was, is no error."""
    client.set_level(S, CompatibilityLevel.NONE)
    ids = [client.register(S, text) for text in (X_INT, X_STRING)]
    assert [client.look_up(S, text).id for text in client.history(S)] == ids
    client.delete(S)
    assert (client.versions(S), client.history(S)) == ([], [])
    assert RegistryClient(client._url).schema_by_id(ids[0])
    client.delete(S)


def test_levels_are_set_and_unset_is_none(client):
    """A subject without a level of its own has None, the registry always has one."""
    assert client.level(S) is None
    assert client.level(None) is CompatibilityLevel.BACKWARD
    client.set_level(S, CompatibilityLevel.FULL_TRANSITIVE)
    assert client.level(S) is CompatibilityLevel.FULL_TRANSITIVE


def test_check_gives_the_messages(client):
    """No message means compatible; an unknown subject is."""
    assert client.check(S, X_INT) == []
    client.register(S, X_INT)
    assert client.check(S, X_INT_Y_OPTIONAL) == []
    assert client.check(S, X_INT_Y_REQUIRED)[0].startswith("{errorType:'READER_FIELD_MISSING")


def test_refusals_have_classes(client):
    """409 comes with its messages one by one, 42201 with its reason, 404 as NotFound."""
    client.register(S, X_INT)
    with pytest.raises(IncompatibleSchema) as refused:
        client.register(S, X_INT_Y_REQUIRED)
    assert refused.value.messages == client.check(S, X_INT_Y_REQUIRED)
    assert f'for subject "{S}"' in str(refused.value)
    with pytest.raises(InvalidSchemaError, match="No type"):
        client.register(S, "{}")
    with pytest.raises(NotFound):
        client.schema_by_id(SchemaId(99))


def test_a_schema_is_asked_for_once():
    """A schema under its id never changes."""
    client, adapter = make_canned(200, b'{"schema": "\\"int\\""}')
    assert [client.schema_by_id(SchemaId(1)) for _ in range(3)] == ['"int"'] * 3
    assert len(adapter.asked) == 1


def test_nobody_there_is_unreachable():
    """A closed port is RegistryUnreachable, and the message names the place without password."""
    client = RegistryClient(
        f"http://user:{SECRET}@127.0.0.1:1", timeout_s=1, session_factory=requests.Session
    )
    assert not client.is_ready()
    with pytest.raises(
        RegistryUnreachable, match=r"http://127\.0\.0\.1:1 does not answer"
    ) as failed:
        client.register(S, X_INT)
    assert SECRET not in str(failed.value) + repr(client)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (500, b'{"error_code":50001,"message":"hunter2"}', RegistryUnreachable),
        (503, b"<html>hunter2</html>", RegistryUnreachable),
        (404, b'{"error_code":40401,"message":"hunter2"}', NotFound),
        (404, b"<html>hunter2</html>", NotFound),
        (422, b'{"error_code":42205,"message":"hunter2"}', Unprocessable),
    ],
)
def test_other_answers_are_mapped_and_not_quoted(status, body, error):
    """Failures are RegistryUnreachable, refusals have a class, and no body leaks."""
    client, adapter = make_canned(status, body)
    with pytest.raises(error) as failed:
        client.register(S, X_INT)
    assert SECRET not in str(failed.value)
    assert adapter.asked[0].headers["Authorization"].startswith("Basic ")


def test_ready_means_that_it_answers(client):
    """A registry that answers is ready."""
    assert client.is_ready()
