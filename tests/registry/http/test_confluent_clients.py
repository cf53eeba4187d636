import pytest
from confluent_kafka.schema_registry import Schema, SchemaReference, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.serialization import MessageField, SerializationContext

from tests.registry.cases import X_INT, X_INT_Y_OPTIONAL, X_INT_Y_REQUIRED

SUBJECT = "shop/é users-value"


@pytest.fixture
def client(url):
    """Return Confluent's own client."""
    with SchemaRegistryClient({"url": url}) as client:
        yield client


def test_serializer_and_deserializer_work_unchanged(client):
    """What Confluent's serializer writes through the registry its deserializer reads."""
    context = SerializationContext("topic", MessageField.VALUE)
    data = AvroSerializer(client, X_INT_Y_OPTIONAL)({"x": 1, "y": 2}, context)
    assert data[:5] == b"\x00\x00\x00\x00\x01"
    assert AvroDeserializer(client)(data, context) == {"x": 1, "y": 2}
    assert client.get_subjects() == ["topic-value"]


def test_the_client_s_methods_understand_the_answers(client):
    """Register, look up, versions, levels, modes, checks and deletes through Confluent's client."""
    schema, wider = Schema(X_INT, "AVRO"), Schema(X_INT_Y_OPTIONAL, "AVRO")
    breaking = Schema(X_INT_Y_REQUIRED, "AVRO")
    first = client.register_schema(SUBJECT, schema)
    full = client.register_schema_full_response(SUBJECT, wider)
    assert (first, full.schema_id, full.version) == (1, 2, 2)
    assert client.get_versions(SUBJECT) == [1, 2]
    assert client.get_latest_version(SUBJECT).schema_id == 2
    assert client.lookup_schema(SUBJECT, schema).version == 1
    assert client.get_subjects_by_schema_id(1) == [SUBJECT]
    assert [v.version for v in client.get_schema_versions(1)] == [1]
    assert client.test_compatibility(SUBJECT, wider)
    assert client.set_compatibility(SUBJECT, "FULL_TRANSITIVE") == {
        "compatibility": "FULL_TRANSITIVE"
    }
    assert client.get_compatibility(SUBJECT) == "FULL_TRANSITIVE"
    assert not client.test_compatibility_all_versions(SUBJECT, breaking)
    assert client.get_config(SUBJECT).compatibility_level == "FULL_TRANSITIVE"
    client.delete_config(SUBJECT)
    assert client.update_mode(SUBJECT, "READONLY") == "READONLY"
    assert (client.get_mode(SUBJECT), client.get_global_mode()) == ("READONLY", "READWRITE")
    assert client.delete_mode(SUBJECT) == "READONLY"
    assert client.delete_version(SUBJECT, 1) == 1
    assert client.delete_subject(SUBJECT) == [2]
    assert client.delete_subject(SUBJECT, permanent=True) == [1, 2]
    assert client.get_subjects(deleted=True) == []
    assert (client.get_contexts(), client.get_schema_types()) == (["."], ["AVRO"])


def test_the_client_sees_an_incompatible_schema_as_409(client):
    """Status and code are 409, the message carries the details."""
    client.register_schema(SUBJECT, Schema(X_INT, "AVRO"))
    with pytest.raises(SchemaRegistryError) as refused:
        client.register_schema(SUBJECT, Schema(X_INT_Y_REQUIRED, "AVRO"))
    assert (refused.value.http_status_code, refused.value.error_code) == (409, 409)
    assert "READER_FIELD_MISSING_DEFAULT_VALUE" in refused.value.error_message


def test_references_through_the_client(client):
    """A schema with a reference is registered and its reference knows who uses it."""
    client.register_schema("f", Schema('{"type":"fixed","name":"n.F","size":2}', "AVRO"))
    reference = SchemaReference("n.F", "f", 1)
    outer = Schema('{"type":"array","items":"n.F"}', "AVRO", [reference])
    schema_id = client.register_schema(SUBJECT, outer)
    assert client.get_schema(schema_id).references == [reference]
    assert client.get_referenced_by("f", 1) == [schema_id]
