import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from registry.errors import WireProfile
from registry.http import ENDPOINTS, create_app
from registry.model import Subject
from tests.registry.cases import X_INT, X_INT_Y_OPTIONAL, X_INT_Y_REQUIRED, X_STRING

V1_JSON = "application/vnd.schemaregistry.v1+json"
INT = {"schema": '"int"'}


@pytest.fixture
def http(service):
    """Return a client of the application."""
    with TestClient(create_app(service)) as client:
        yield client


def post(http, path, schema, **more):
    """Send a schema."""
    return http.post(path, json={"schema": schema, **more})


def expect_error(response, code, status=None):
    """Check code, status and shape of an error."""
    body = response.json()
    assert (body["error_code"], response.status_code) == (code, status or int(str(code)[:3]))
    assert set(body) == {"error_code", "message"}
    return body["message"]


def test_a_version_goes_round(http):
    """Register, fetch by id and by version, look up: one schema in Confluent's fields."""
    registered = post(http, "/subjects/s/versions", X_INT).json()
    canonical = X_INT.replace(" ", "")
    assert (registered["id"], registered["version"]) == (1, 1)
    by_id = http.get("/schemas/ids/1").json()
    assert (by_id["schema"], by_id["schemaType"]) == (canonical, "AVRO")
    version = http.get("/subjects/s/versions/LATEST").json()
    assert version == post(http, "/subjects/s", X_INT).json()
    assert version["subject"] == "s"
    assert http.get("/subjects/s/versions/-1/schema").text == canonical
    assert http.get("/schemas/ids/1/schema").text == canonical
    assert http.get("/schemas/ids/1/subjects").json() == ["s"]
    assert http.get("/schemas/ids/1/versions").json() == [{"subject": "s", "version": 1}]
    assert http.get("/schemas/ids/1?fetchMaxId=true").json()["maxId"] == 1
    assert http.get("/schemas").json() == [version]
    assert http.get("/subjects/s/versions/1/referencedby").json() == []


def test_errors_have_confluent_s_codes(http):
    """Each objection of the protocol has its code and status."""
    post(http, "/subjects/s/versions", X_INT)
    expect_error(http.get("/subjects/no/versions"), 40401)
    expect_error(http.get("/subjects/s/versions/9"), 40402)
    assert expect_error(http.get("/schemas/ids/99"), 40403) == "Schema 99 not found"
    assert expect_error(post(http, "/subjects/s", X_STRING), 40403) == "Schema not found"
    expect_error(http.delete("/subjects/s?permanent=true"), 40405)
    expect_error(http.delete("/subjects/s/versions/1?permanent=true"), 40407)
    expect_error(http.get("/config/s"), 40408)
    expect_error(http.get("/mode/s"), 40409)
    expect_error(post(http, "/subjects/s/versions", "{"), 42201)
    expect_error(post(http, "/subjects/s/versions", X_INT, schemaType="JSON"), 42201)
    expect_error(http.get("/subjects/s/versions/0"), 42202)
    expect_error(http.put("/config", json={"compatibility": "x"}), 42203)
    expect_error(http.put("/config", json={}), 42203)
    expect_error(http.put("/mode", json={"mode": "x"}), 42204)
    expect_error(http.put("/mode", json={"mode": "IMPORT"}), 42205)
    expect_error(http.put("/config/%0A", json={"compatibility": "NONE"}), 42208)
    expect_error(post(http, "/subjects/s/versions", X_INT_Y_REQUIRED), 409)
    http.delete("/subjects/s")
    expect_error(http.delete("/subjects/s"), 40404)
    expect_error(http.delete("/subjects/s/versions/1"), 40406)


def test_profile_8_says_40901(service):
    """The setting changes the code of an incompatible schema and nothing else."""
    http = TestClient(create_app(service, profile=WireProfile.CP8))
    post(http, "/subjects/s/versions", X_INT)
    expect_error(post(http, "/subjects/s/versions", X_STRING), 40901)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nope", 404),
        ("GET", "/subjects//versions", 404),
        ("GET", "/schemas/ids/abc", 404),
        ("GET", "/schemas/ids/99999999999999999999", 404),
        ("GET", "/subjects?offset=x", 404),
        ("PATCH", "/subjects", 405),
        ("DELETE", "/schemas/ids/1", 405),
    ],
)
def test_unknown_paths_and_methods_are_json_errors(http, method, path, status):
    """A client that cannot parse an error reports 50005: there is never HTML."""
    response = http.request(method, path)
    expect_error(response, status, status)
    assert response.headers["content-type"] == V1_JSON


def test_bodies_that_are_not_understood(http):
    """No JSON is 400, a wrong type 422 without the value, another media type 415."""
    path = "/subjects/s/versions"
    expect_error(http.post(path, content=b"{"), 400)
    message = expect_error(http.post(path, json={"schema": {"pin": "4711"}}), 422)
    assert "schema" in message
    assert "4711" not in message
    expect_error(http.post(path, json=[]), 422)
    expect_error(http.post(path, content=b"x", headers={"content-type": "text/xml"}), 415)
    expect_error(http.post(path, json={}), 42201)


def test_a_body_over_the_limit_is_413(service):
    """The limit holds whether or not the length is announced."""
    http = TestClient(create_app(service, max_body_bytes=100))
    path = "/subjects/s/versions"
    expect_error(http.post(path, content=b"x" * 101), 42209, 413)
    expect_error(http.post(path, content=iter([b"x" * 60, b"x" * 60])), 42209, 413)


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", V1_JSON),
        ("application/json", "application/json"),
        (
            "application/json, application/vnd.schemaregistry+json",
            "application/vnd.schemaregistry+json",
        ),
        (f"application/json;q=0.9, {V1_JSON};q=0.1", "application/json"),
        ("text/html, application/*;q=0.5", V1_JSON),
    ],
)
def test_the_media_type_is_negotiated(http, accept, media_type):
    """The client's weights times Confluent's choose among three types."""
    assert http.get("/subjects", headers={"accept": accept}).headers["content-type"] == media_type


def test_a_client_that_takes_no_json_gets_406(http):
    """There is nothing but JSON to give."""
    expect_error(http.get("/subjects", headers={"accept": "text/html"}), 406)


def test_subjects_travel_encoded(http):
    """Slashes, spaces, percent signs and letters of any script are part of a subject's name."""
    for name, path in {"a/b": "a%2Fb", "é ü": "%C3%A9%20%C3%BC", "50%": "50%25"}.items():
        assert post(http, f"/subjects/{path}/versions", X_INT).status_code == 200
        assert http.get(f"/subjects/{path}/versions/1").json()["subject"] == name
    assert http.get("/subjects").json() == ["50%", "a/b", "é ü"]
    assert http.get("/subjects?subjectPrefix=a%2F").json() == ["a/b"]


def test_trailing_slashes_and_python_booleans_are_taken(http):
    """The Java client sends the former, the Python client the latter."""
    post(http, "/subjects/s/versions/", X_INT)
    path = "/compatibility/subjects/s/versions/?normalize=False&verbose=True"
    assert post(http, path, X_INT_Y_OPTIONAL).json() == {"is_compatible": True, "messages": []}
    assert http.delete("/subjects/s/?permanent=False").json() == [1]
    assert http.get("/subjects?deleted=True").json() == ["s"]
    assert http.get("/subjects/s/versions?deletedAsNegative=TRUE").json() == [-1]


def test_lists_are_cut_by_offset_and_limit(http):
    """A negative limit means all, as the Python client sends it."""
    for name in "abc":
        post(http, f"/subjects/{name}/versions", X_INT)
    assert http.get("/subjects?offset=1&limit=1").json() == ["b"]
    assert http.get("/subjects?offset=0&limit=-1").json() == ["a", "b", "c"]
    assert [v["subject"] for v in http.get("/schemas?limit=2").json()] == ["a", "b"]


def test_checks_answer_messages_only_when_verbose(http):
    """An invalid schema is an error, and with verbose a verdict."""
    post(http, "/subjects/s/versions", X_INT)
    path = "/compatibility/subjects/s/versions/latest"
    assert post(http, path, X_STRING).json() == {"is_compatible": False}
    verbose = post(http, f"{path}?verbose=true", X_STRING).json()
    assert verbose["messages"][-1] == "{validateFields: 'false', compatibility: 'BACKWARD'}"
    expect_error(post(http, path, "{"), 42201)
    assert post(http, f"{path}?verbose=true", "{").json()["is_compatible"] is False
    assert post(http, "/compatibility/subjects/no/versions/latest", X_INT).json() == {
        "is_compatible": True
    }
    expect_error(post(http, "/compatibility/subjects/s/versions/7", X_INT), 40402)


def test_config_and_mode_go_round(http):
    """PUT echoes under PUT's key, GET answers under GET's, DELETE returns what was."""
    assert http.put("/config/s", json={"compatibility": "full"}).json() == {"compatibility": "FULL"}
    assert http.get("/config/s").json() == {"compatibilityLevel": "FULL"}
    http.put("/config/s", json={"normalize": True, "alias": "other"})
    http.put("/config/s", json={"alias": None})
    assert http.delete("/config/s").json() == {"compatibilityLevel": "FULL", "normalize": True}
    expect_error(http.delete("/config/s"), 40401)
    assert http.get("/config/s?defaultToGlobal=true").json() == {"compatibilityLevel": "BACKWARD"}
    assert http.put("/mode/s", json={"mode": "readonly"}).json() == {"mode": "READONLY"}
    expect_error(post(http, "/subjects/s/versions", X_INT), 42205)
    assert http.delete("/mode/s").json() == {"mode": "READONLY"}
    assert http.get("/mode").json() == {"mode": "READWRITE"}


def test_the_answer_of_an_id_is_kept_until_something_is_deleted(http, service):
    """A ready answer is the same bytes; a permanently deleted schema is gone at once."""
    post(http, "/subjects/s/versions", X_INT)
    first = http.get("/schemas/ids/1?subject=s&fetchMaxId=false")
    assert http.get("/schemas/ids/1?subject=s&fetchMaxId=false").content == first.content
    service.delete_subject(Subject("s"))
    assert http.get("/schemas/ids/1?subject=s&fetchMaxId=false").content == first.content
    service.delete_subject(Subject("s"), is_permanent=True)
    expect_error(http.get("/schemas/ids/1?subject=s&fetchMaxId=false"), 40403)


def test_what_the_registry_says_of_itself(http, service):
    """The small endpoints that consoles ask."""
    assert http.get("/").json() == http.post("/").json() == {}
    assert http.get("/schemas/types").json() == ["AVRO"]
    assert http.get("/contexts").json() == ["."]
    clusters = http.get("/v1/metadata/id").json()["scope"]["clusters"]
    assert clusters["kafka-cluster"] == service.get_registry_id()
    assert set(http.get("/v1/metadata/version").json()) == {"version", "commitId"}
    assert http.get("/v1/metadata/deployment").json() == {"attributes": []}


def test_it_can_be_mounted_beside_others(service):
    """Under another application at `/` every path answers as it does alone, encoded ones too."""
    http = TestClient(Starlette(routes=[Mount("/", create_app(service))]))
    assert post(http, "/subjects/a%2Fb/versions/", X_INT).status_code == 200
    assert http.get("/subjects/a%2Fb/versions").json() == [1]
    expect_error(http.get("/nope"), 404)


def test_metadata_and_references_travel(http):
    """Extras come back as they were sent; unknown keys are ignored."""
    post(http, "/subjects/b/versions", '{"type":"fixed","name":"n.F","size":2}')
    sent = {
        "references": [{"name": "n.F", "subject": "b", "version": -1}],
        "metadata": {"properties": {"owner": "me"}, "tags": {"**.x": ["PII"]}},
        "ruleSet": {"domainRules": [{"name": "r", "kind": "CONDITION", "mode": "WRITE"}]},
        "propagateSchemaTags": True,
    }
    outer = '{"type":"array","items":"n.F"}'
    version = post(http, "/subjects/s/versions", outer, **sent).json()
    assert version["references"] == [{"name": "n.F", "subject": "b", "version": 1}]
    assert (version["metadata"], version["ruleSet"]) == (sent["metadata"], sent["ruleSet"])
    assert http.get("/subjects/s/metadata?key=owner&value=me").json() == version
    expect_error(http.delete("/subjects/b"), 42206)


def test_endpoints_are_unique():
    """No path and method stands in the table twice."""
    pairs = [(each.method, each.path) for each in ENDPOINTS]
    assert len(pairs) == len(set(pairs))
