"""Our own keys in the verbose answer of a compatibility check."""

import pytest
from starlette.testclient import TestClient

from registry.http import create_app
from registry.service import open_registry

OLD = '{"type":"record","name":"U","fields":[{"name":"id","type":"int"}]}'
NEW = (
    '{"type":"record","name":"U","fields":[{"name":"id","type":"int"},'
    '{"name":"e","type":"string"}]}'
)
PATH = "/compatibility/subjects/s/versions/latest"


@pytest.fixture
def http(tmp_path):
    """A registry that holds one version of `s`."""
    with TestClient(create_app(open_registry(f"sqlite:///{tmp_path}/r.db"))) as client:
        client.post("/subjects/s/versions", json={"schema": OLD}).raise_for_status()
        yield client


def _check(http, schema, **query):
    return http.post(PATH, json={"schema": schema}, params=query).json()


def test_verbose_answer_explains_beside_the_messages(http):
    """The column, the remedy and a schema that passes stand behind Confluent's own keys."""
    answer = _check(http, NEW, verbose="true")
    assert list(answer)[:2] == ["is_compatible", "messages"]
    (explanation,) = answer["explanations"]
    assert explanation["change"] == "added-without-default"
    assert explanation["remedy"]
    assert _check(http, answer["passing_schema"], verbose="true")["is_compatible"] is True


@pytest.mark.parametrize(("schema", "query"), [(NEW, {}), (OLD, {"verbose": "true"})])
def test_nothing_of_ours_where_nothing_is_to_be_explained(http, schema, query):
    """A brief answer and a compatible one are Confluent's to the letter."""
    assert set(_check(http, schema, **query)) <= {"is_compatible", "messages"}
