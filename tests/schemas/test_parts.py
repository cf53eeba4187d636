from pathlib import Path

import pytest

from cdc.errors import ConfigError, Unreachable
from cdc.exchange.door import Answer, RegistryDoor
from cdc.schemas import find_candidates, register_candidates
from cdc.schemas.candidates import Candidate, name_file, name_subject
from cdc.schemas.histories import RegistryHistories
from cdc.schemas.lines import find_line
from registry.compatibility.explain import Place
from tests.registry.cases import X_INT


@pytest.mark.parametrize("subject", ["a-value", "shop/users-value", "50%2F-value", "é ü"])
def test_a_subject_is_a_file_s_name_and_back(subject):
    """Slashes and percent signs do not lead out of the folder, and come back."""
    assert "/" not in name_file(subject)
    assert name_subject(Path("x") / name_file(subject)) == subject


def test_a_folder_without_schemas_is_said(tmp_path):
    """An empty folder is a mistake, not a success."""
    with pytest.raises(ConfigError, match=r"no \*\.avsc in this folder"):
        find_candidates(tmp_path, None)


def test_a_line_is_the_record_s_where_the_field_is_gone():
    """The field's line, else its record's, else the first."""
    text = '{"type": "record",\n "name": "A",\n "fields": [\n  {"name": "x", "type": "int"}]}'

    def line(record: str, field: str) -> int:
        return find_line(text, Place("field", record, record, field, field))

    assert [line("A", "x"), line("A", "gone"), line("B", "gone"), line("A", "")] == [4, 2, 1, 2]


class Scripted(RegistryDoor):
    """A registry that gives these answers in turn."""

    def __init__(self, *answers: Answer) -> None:
        super().__init__("http://registry:8081")
        self._answers = list(answers)

    def call(self, *_asked):
        return self._answers.pop(0)


def test_a_registry_that_fails_half_way_leaves_a_trace_of_what_was_done():
    """The error says how many are registered and names the others; its class stays."""
    candidates = [Candidate(name, Path(f"{name}.avsc"), X_INT) for name in "abc"]
    door = Scripted(Answer(200, {"id": 1}), Answer(503, None))
    with pytest.raises(Unreachable, match=r"registered: 1 of 3; not registered: b, c"):
        register_candidates(door, candidates, lambda _done, _total: None)


def test_another_schema_type_is_refused():
    """A subject that holds JSON Schema or Protobuf cannot be compared with Avro."""
    version = {"schema": "{}", "schemaType": "JSON"}
    door = Scripted(
        Answer(404, None),
        Answer(200, {"compatibilityLevel": "FULL"}),
        Answer(200, [1]),
        Answer(200, version),
    )
    with pytest.raises(ConfigError, match="s version 1: a schema of type JSON, not AVRO"):
        RegistryHistories(door).find(Candidate("s", Path("s.avsc"), X_INT))


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (401, Unreachable, "the credentials are refused"),
        (500, Unreachable, "it failed with HTTP 500"),
        (422, ConfigError, "refused with HTTP 422, error code 42201"),
    ],
)
def test_answers_have_classes(status, error, words):
    """Credentials and failures are for the operator, refusals for the caller; no body is quoted."""
    body = {"error_code": 42201, "message": "hunter2"}
    with pytest.raises(error, match=words) as failed:
        Scripted(Answer(status, body)).ask("GET", "/subjects")
    assert "hunter2" not in str(failed.value)
