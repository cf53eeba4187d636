"""The rarer parts of the protocol, through HTTP."""

import asyncio
import json

import pytest
from starlette.responses import Response
from starlette.testclient import TestClient

from registry.errors import WireProfile
from registry.http import create_app
from registry.http.door import AnswerCache
from registry.model import NewSchema, Subject
from registry.service import open_registry
from tests.registry.cases import X_INT, X_INT_Y_OPTIONAL, X_INT_Y_REQUIRED, X_STRING, make_record

VERSIONS = "/subjects/s/versions"


@pytest.fixture
def http(service):
    """Return a client of the application."""
    with TestClient(create_app(service)) as client:
        yield client


def register(http, schema, path=VERSIONS, **more):
    """Register a schema."""
    response = http.post(path, json={"schema": schema, **more})
    assert response.status_code == 200, response.text
    return response.json()


def refuse(http, schema, code, path=VERSIONS, **more):
    """Try to register a schema and return the message of its refusal."""
    body = http.post(path, json={"schema": schema, **more}).json()
    assert body["error_code"] == code, body
    return body["message"]


@pytest.mark.parametrize(
    ("profile", "code", "has_news"),
    [("cp7", 409, False), ("default", 409, True), ("cp8", 40901, True)],
)
def test_the_profile_chooses_the_generation(service, profile, code, has_news):
    """7.x knows neither 40901 nor guid, ts, schemaType, deleted; the default has all but 40901."""
    http = TestClient(create_app(service, profile=WireProfile(profile)))
    version = register(http, X_INT)
    assert refuse(http, X_INT_Y_REQUIRED, code)
    by_id = http.get("/schemas/ids/1").json()
    http.delete("/subjects/s/versions/1")
    deleted = http.get("/subjects/s/versions/1?deleted=true").json()
    old = {"subject", "version", "id", "schema"}
    news = {"guid", "ts", "schemaType"} if has_news else set()
    assert set(version) == old | news
    assert set(deleted) == old | news | ({"deleted"} if has_news else set())
    assert set(by_id) == {"schema"} | (news | {"subject", "version"} if has_news else set())


@pytest.mark.parametrize("schema_type", ["JSON", "PROTOBUF", "protobuf", "THRIFT"])
def test_other_schema_types_are_refused_and_named(http, schema_type):
    """Avro is what this registry keeps: 42201 and a text that says so."""
    message = refuse(http, "{}", 42201, schemaType=schema_type)
    assert schema_type.upper() in message
    assert "AVRO" in message


def test_an_alias_stands_for_its_subject(http):
    """Paths and `subject=` that name the alias mean its subject; `aliases=true` lists them."""
    register(http, X_INT)
    http.put("/config/old", json={"alias": "s"})
    assert register(http, X_INT_Y_OPTIONAL, "/subjects/old/versions")["subject"] == "s"
    assert http.get("/subjects/old/versions").json() == [1, 2]
    assert http.get("/subjects/old/versions/latest").json()["subject"] == "s"
    assert http.get("/schemas/ids/1/versions?subject=old").json() == [
        {"subject": "s", "version": 1}
    ]
    path = "/compatibility/subjects/old/versions/latest"
    assert http.post(path, json={"schema": X_STRING}).json() == {"is_compatible": False}
    listed = http.get("/schemas?aliases=true").json()
    assert [version["aliases"] for version in listed] == [["old"], ["old"]]
    assert "aliases" not in http.get("/schemas").json()[0]
    http.put("/config/old", json={"alias": None})
    assert http.get("/subjects/old/versions").json()["error_code"] == 40401


def test_import_takes_one_id_per_schema_of_a_subject(http):
    """The same schema under a second id is 42207; FORWARD takes ids as IMPORT does."""
    http.put("/mode/s", json={"mode": "IMPORT"})
    assert register(http, X_INT, id=7)["id"] == 7
    assert register(http, X_INT, id=7)["version"] == 1
    assert "id 7 instead of input id 8" in refuse(http, X_INT, 42207, id=8)
    http.put("/mode/t", json={"mode": "FORWARD"})
    assert register(http, X_STRING, "/subjects/t/versions", id=9)["id"] == 9
    refuse(http, X_INT, 42205, "/subjects/t/versions")
    http.put("/mode/s", json={"mode": "READWRITE"})
    refuse(http, X_INT, 42205, id=8)


def test_no_schema_means_the_latest_with_other_extras(http):
    """Metadata or rules alone make a new version of what is there; without any it is 42201."""
    assert http.post(VERSIONS, json={"metadata": {}}).json()["error_code"] == 42201
    first = register(http, X_INT)
    second = http.post(VERSIONS, json={"metadata": {"properties": {"a": "b"}}}).json()
    assert (second["version"], second["schema"]) == (2, first["schema"])
    assert second["id"] != first["id"]


BAD_DEFAULT = make_record({"name": "x", "type": "int", "default": "no"})


def test_validation_of_new_schemas_can_be_switched_off(http):
    """`validateNewSchemas` false takes what only the strict check refuses."""
    refuse(http, BAD_DEFAULT, 42201)
    http.put("/config/s", json={"validateNewSchemas": False})
    assert register(http, BAD_DEFAULT)["version"] == 1


def test_rule_sets_are_checked_unless_that_is_off(http):
    """`validateRules` governs registrations; a config's own rule sets are always looked at."""
    rules = {"domainRules": [{"name": "r"}, {"name": "r"}]}
    refuse(http, X_INT, 42210, ruleSet=rules)
    assert http.put("/config", json={"defaultRuleSet": rules}).json()["error_code"] == 42210
    http.put("/config/s", json={"validateRules": False})
    assert register(http, X_INT, ruleSet=rules)["ruleSet"] == rules
    kind = {"domainRules": [{"name": "q", "type": "CEL"}]}
    register(http, X_INT, "/subjects/t/versions", ruleSet=kind)
    listed = http.get("/schemas?ruleType=CEL").json()
    assert [version["subject"] for version in listed] == ["t"]


def test_reserved_fields_stay_reserved_when_fields_are_validated(http):
    """With `validateFields`, a reserved name is neither used nor given back."""
    http.put("/config/s", json={"validateFields": True, "compatibility": "NONE"})
    reserved = {"properties": {"confluent:reserved": "y, z"}}
    register(http, X_INT, metadata=reserved)
    message = refuse(http, X_INT_Y_OPTIONAL, 409, metadata=reserved)
    assert "conflicts with the reserved field y" in message
    assert "validateFields: 'true', compatibility: 'NONE'" in message
    given_back = {"properties": {"confluent:reserved": "z"}}
    assert "reserved field y removed" in refuse(http, X_STRING, 409, metadata=given_back)


def test_a_policy_of_other_rules_is_refused(http):
    """LENIENT and STRICT are the same for Avro; LOGICAL would be other rules than ours."""
    assert http.put("/config", json={"compatibilityPolicy": "lenient"}).status_code == 200
    assert http.get("/config").json()["compatibilityPolicy"] == "LENIENT"
    assert http.put("/config", json={"compatibilityPolicy": "LOGICAL"}).status_code == 422


NESTED = json.dumps(
    {
        "type": "record",
        "name": "Outer",
        "namespace": "n",
        "fields": [
            {
                "name": "inner",
                "type": [
                    "null",
                    {"type": "record", "name": "Inner", "fields": [{"name": "x", "type": "int"}]},
                ],
            }
        ],
    }
)
PLACE = {"entityPath": "Outer.inner.Inner.x", "entityType": "sr_field"}


def test_tags_make_a_new_version_and_are_found(http):
    """Tags are added and removed by the place's path, with or without namespaces."""
    register(http, NESTED, metadata={"properties": {"a": "b"}})
    change = {
        "tagsToAdd": [
            {"schemaEntity": PLACE, "tags": ["PII", "PII"]},
            {"schemaEntity": {"entityPath": "n.Outer", "entityType": "sr_record"}, "tags": ["T"]},
        ],
        "rulesToMerge": {"domainRules": [{"name": "r"}, {"name": "gone"}]},
        "rulesToRemove": ["gone"],
    }
    tagged = http.post(f"{VERSIONS}/latest/tags", json=change).json()
    assert (tagged["version"], tagged["metadata"]) == (2, {"properties": {"a": "b"}})
    assert tagged["ruleSet"] == {"domainRules": [{"name": "r"}]}
    found = http.get(f"{VERSIONS}/2?findTags=true").json()["schemaTags"]
    assert found == http.get("/schemas/ids/2?findTags=true").json()["schemaTags"]
    assert {(p["schemaEntity"]["entityPath"], *p["tags"]) for p in found} == {
        ("n.Outer.inner.n.Inner.x", "PII"),
        ("n.Outer", "T"),
    }
    removal = {"tagsToRemove": [{"schemaEntity": PLACE, "tags": ["PII"]}], "newVersion": 3}
    bare = http.post(f"{VERSIONS}/2/tags", json=removal).json()
    assert "PII" not in bare["schema"]
    extra = [{"schemaEntity": PLACE, "tags": ["NEW"]}]
    ninth = {"tagsToAdd": extra, "newVersion": 9}
    assert http.post(f"{VERSIONS}/3/tags", json=ninth).json()["error_code"] == 42201
    assert '["NEW"]' in register(http, NESTED, schemaTagsToAdd=extra)["schema"]
    refuse(http, "{", 42201, schemaTagsToAdd=extra)


def test_a_delete_by_another_node_is_seen_within_a_second(service, tmp_path):
    """Ready answers are checked against the database: one second later none is stale."""
    scope = {"path": "/schemas/ids/1", "query_string": b"", "headers": []}
    service.register(Subject("s"), NewSchema(X_INT))
    now_s = [100.0]
    cache = AnswerCache(service, lambda: now_s[0])
    asyncio.run(cache.catch_up())
    cache.keep(scope, Response(b"{}"), cache.age)
    other = open_registry(f"sqlite:///{tmp_path}/http.db")
    other.delete_subject(Subject("s"))
    other.close()
    asyncio.run(cache.catch_up())
    assert cache.find(scope) is not None
    now_s[0] += 1.1
    asyncio.run(cache.catch_up())
    assert cache.find(scope) is None
