import pytest
from starlette.testclient import TestClient

from registry.http import create_app
from registry.http.contexts import enter_context
from tests.registry.cases import X_INT, X_INT_Y_OPTIONAL, X_STRING, make_record

IN = "/subjects/%3A.c%3As/versions"  # :.c:s


@pytest.fixture
def http(service):
    """Return a client of the application."""
    with TestClient(create_app(service)) as client:
        yield client


def register(http, path, schema, **more):
    """Register a schema."""
    response = http.post(path, json={"schema": schema, **more})
    assert response.status_code == 200, response.text
    return response.json()


def code(response):
    """Return the error code of a refusal."""
    return response.json()["error_code"]


def test_ids_are_counted_per_context(http):
    """Two contexts give one number to different schemas, and the same schema different numbers."""
    assert register(http, "/subjects/s/versions", X_STRING)["id"] == 1
    assert register(http, IN, X_INT)["id"] == 1
    assert register(http, IN, X_INT_Y_OPTIONAL)["id"] == 2
    assert "string" in http.get("/schemas/ids/1").json()["schema"]
    inside = http.get("/schemas/ids/1?subject=:.c:").json()
    assert ('"int"' in inside["schema"], inside["subject"]) == (True, ":.c:s")
    assert http.get("/schemas/ids/2?subject=s&fetchMaxId=true").json()["maxId"] == 2
    assert code(http.get("/schemas/ids/2")) == 40403
    assert http.get("/schemas/ids/1/subjects?subject=:.c:").json() == [":.c:s"]
    assert http.get("/contexts").json() == [".", ".c"]
    assert http.get("/contexts?contextPrefix=.c&limit=5").json() == [".c"]


def test_lists_know_contexts(http):
    """All contexts by default; a prefix chooses one, or a name in all of them."""
    for path in ("/subjects/s/versions", "/subjects/t/versions", IN):
        register(http, path, X_INT)
    names = {
        "": [":.c:s", "s", "t"],
        ":*:": [":.c:s", "s", "t"],
        ":*:s": [":.c:s", "s"],
        ":.c:": [":.c:s"],
        ":.:": ["s", "t"],
        "t": ["t"],
    }
    for prefix, expected in names.items():
        assert http.get("/subjects", params={"subjectPrefix": prefix}).json() == expected
        listed = http.get("/schemas", params={"subjectPrefix": prefix}).json()
        assert [version["subject"] for version in listed] == expected


def test_a_plain_name_is_found_in_another_context(http):
    """A name that the default context lacks means the subject of that name elsewhere."""
    register(http, IN, X_INT)
    assert http.get("/subjects/s/versions/1").json()["subject"] == ":.c:s"
    assert http.post("/subjects/s", json={"schema": X_INT}).json()["subject"] == ":.c:s"
    register(http, "/subjects/s/versions", X_STRING)
    assert http.get("/subjects/s/versions/1").json()["subject"] == "s"
    assert http.get("/subjects/:.:s/versions/1").json()["subject"] == "s"


def test_settings_of_a_context_stand_between_subject_and_registry(http):
    """Subject before context before registry; clearing modes recursively reaches the subjects."""
    http.put("/config", json={"compatibility": "FULL"})
    http.put("/config/:.c:", json={"compatibility": "NONE"})
    http.put("/mode/:.c:", json={"mode": "READONLY"})
    http.put("/mode/:.c:t", json={"mode": "READWRITE"})
    effective = http.get("/config/:.c:s?defaultToGlobal=true").json()
    assert effective["compatibilityLevel"] == "NONE"
    assert code(http.post(IN, json={"schema": X_INT})) == 42205
    register(http, "/subjects/:.c:t/versions", X_INT)
    register(http, "/subjects/s/versions", X_INT)
    assert http.delete("/mode/:.c:?recursive=true").json() == {"mode": "READONLY"}
    assert code(http.get("/mode/:.c:t")) == 40409
    assert http.get("/config/:.:").json() == http.get("/config/:.__GLOBAL:").json()


def test_references_stay_in_their_context_unless_they_name_another(http):
    """A plain reference is looked for beside the schema that has it."""
    inner = make_record({"name": "x", "type": "int"}, name="n.I")
    outer = make_record({"name": "i", "type": "n.I"}, name="O")
    beside = [{"name": "n.I", "subject": "inner", "version": 1}]
    register(http, "/subjects/:.c:inner/versions", inner)
    assert code(http.post("/subjects/s/versions", json={"schema": outer, "references": beside}))
    named = [{**beside[0], "subject": ":.c:inner"}]
    register(http, "/subjects/s/versions", outer, references=named)
    register(http, IN, outer, references=beside)
    assert http.get("/subjects/:.c:inner/versions/1/referencedby").json() == [1, 2]
    assert code(http.delete("/subjects/:.c:inner")) == 42206
    resolved = http.get(f"{IN}/1?format=resolved").json()["schema"]
    assert '"fields":[{"name":"x","type":"int"}]' in resolved
    assert http.get("/schemas/ids/2/schema?subject=:.c:&format=resolved").text == resolved


def test_an_empty_context_can_be_let_go(http):
    """Soft-deleted subjects keep it; afterwards it is not listed, and ids go on."""
    register(http, IN, X_INT)
    assert code(http.delete("/contexts/.c")) == 42211
    http.delete("/subjects/:.c:s")
    assert code(http.delete("/contexts/.c")) == 42211
    http.delete("/subjects/:.c:s?permanent=true")
    response = http.delete("/contexts/:.c:")
    assert (response.status_code, response.content) == (204, b"")
    assert http.get("/contexts").json() == ["."]
    assert code(http.delete("/contexts/.c")) == 40401
    assert code(http.delete("/contexts/:.:")) == 42211
    assert register(http, IN, X_INT)["id"] == 2


def test_guids_are_known_across_contexts(http):
    """The same contents have one guid, and it leads to every id."""
    register(http, "/subjects/t/versions", X_STRING)
    guid = register(http, "/subjects/s/versions", X_INT)["guid"]
    assert register(http, IN, X_INT)["guid"] == guid
    assert http.get(f"/schemas/guids/{guid}").json()["schema"] == X_INT.replace(" ", "")
    ids = http.get(f"/schemas/guids/{guid}/ids").json()
    assert ids == [{"context": ".", "id": 2}, {"context": ".c", "id": 1}]
    assert code(http.get("/schemas/guids/nope")) == 40403


@pytest.mark.parametrize(
    ("path", "query", "inside"),
    [
        ("/contexts/.c/subjects", b"", ("/subjects", b"subjectPrefix=%3A.c%3A")),
        (
            "/contexts/.c/subjects/a%2Fb/versions",
            b"x=1",
            ("/subjects/%3A.c%3Aa%2Fb/versions", b"x=1"),
        ),
        ("/contexts/:.c:/subjects/:.d:s", b"", ("/subjects/%3A.d%3As", b"")),
        ("/contexts/.c/compatibility/subjects/s/versions/1", b"", None),
        ("/contexts/.c/config", b"", ("/config/%3A.c%3A", b"")),
        ("/contexts/.c/mode/s", b"", ("/mode/%3A.c%3As", b"")),
        ("/contexts/./config", b"", ("/config", b"")),
        ("/contexts/./subjects/s/versions", b"", ("/subjects/s/versions", b"")),
        ("/contexts/.c/schemas/ids/1", b"subject=s", ("/schemas/ids/1", b"subject=%3A.c%3As")),
        ("/contexts/.c", b"", ("/contexts/.c", b"")),
        ("/contexts/c/subjects", b"", ("/contexts/c/subjects", b"")),
        ("/contexts", b"limit=1", ("/contexts", b"limit=1")),
    ],
)
def test_a_base_url_can_name_a_context(path, query, inside):
    """Names that say no context get that of the path; paths that name none stay as they are."""
    if inside is None:
        inside = ("/compatibility/subjects/%3A.c%3As/versions/1", query)
    assert enter_context(path, query) == inside


def test_a_client_inside_a_context_sees_only_it(http):
    """Register, list and read with a context in the base URL."""
    register(http, "/subjects/s/versions", X_STRING)
    version = register(http, "/contexts/.c/subjects/s/versions", X_INT)
    assert (version["id"], version["subject"]) == (1, ":.c:s")
    assert http.get("/contexts/.c/subjects").json() == [":.c:s"]
    assert '"int"' in http.get("/contexts/.c/schemas/ids/1").json()["schema"]
    assert http.get("/contexts/:.:/subjects").json() == ["s"]
