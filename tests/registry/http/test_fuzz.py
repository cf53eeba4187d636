"""Hostile requests, straight into the ASGI application: no client tidies them up before."""

import asyncio
import json
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.http import ENDPOINTS, create_app
from registry.model import NewSchema, Subject
from registry.service import open_registry
from tests.registry.cases import X_INT

DEADLINE_S = 20
METHODS = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "X"]


class Caller:
    """One application and one event loop for many requests in a row."""

    def __init__(self, app: object, runner: asyncio.Runner) -> None:
        self._app = app
        self._runner = runner

    def call(self, method, path, query=b"", headers=(), parts=(b"",)):
        """Send one request; return status, headers and body of the answer."""
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "path": path.decode("latin-1"),
            "raw_path": path,
            "root_path": "",
            "scheme": "http",
            "query_string": query,
            "headers": list(headers),
            "server": ("localhost", 80),
            "client": ("localhost", 1),
        }
        sent: list[dict[str, object]] = []
        waiting = [*parts]

        async def receive():
            body = waiting.pop(0) if waiting else b""
            return {"type": "http.request", "body": body, "more_body": bool(waiting)}

        async def send(message):
            sent.append(message)

        self._runner.run(asyncio.wait_for(self._app(scope, receive, send), DEADLINE_S))
        body = b"".join(message.get("body", b"") for message in sent[1:])
        return sent[0]["status"], dict(sent[0]["headers"]), body


@pytest.fixture(scope="module")
def caller(tmp_path_factory) -> Iterator[Caller]:
    """Return a caller of a registry that holds a schema."""
    service = open_registry(f"sqlite:///{tmp_path_factory.mktemp('fuzz')}/http.db")
    service.register(Subject("s"), NewSchema(X_INT))
    with asyncio.Runner() as runner:
        yield Caller(create_app(service, max_body_bytes=200_000), runner)
    service.close()


def check_answer(path, answer):
    """A status below 500, and JSON where there is a body; errors have Confluent's shape."""
    status, headers, body = answer
    assert status < 500, body
    if status >= 400:
        assert set(json.loads(body)) == {"error_code", "message"}
        assert headers[b"content-type"].startswith(b"application/vnd.schemaregistry")
    elif body and not path.endswith(b"/schema"):
        json.loads(body)


WORDS = ["s", "1", "latest", "-1", "0", ":.c:s", ":.:s", ":.c:", ":*:", ".c", ".", "99999999999"]
ESCAPES = st.sampled_from([b"%00", b"%2F", b"%ff", b"%", b"%zz", b"%ED%A0%80", b"%F0%9F%92%A9"])
PARTS = st.sampled_from([word.encode() for word in WORDS]) | ESCAPES | st.binary(max_size=6)
TEMPLATES = st.sampled_from(sorted({endpoint.path for endpoint in ENDPOINTS}))


@st.composite
def paths(draw):
    """A path of the protocol with something in its gaps, or nearly one."""
    pieces = [
        draw(PARTS) if piece.startswith("{") else piece.encode()
        for piece in draw(TEMPLATES).split("/")[1:]
    ]
    if draw(st.integers(0, 4)) == 0:
        pieces[draw(st.integers(0, len(pieces) - 1))] = draw(PARTS)
    start = draw(st.sampled_from([b"", b"", b"", b"/contexts/.c", b"/contexts/%00", b"//"]))
    end = draw(st.sampled_from([b"", b"", b"/", b"//"]))
    return start + b"/" + b"/".join(piece.replace(b"?", b"") for piece in pieces) + end


QUERY_NAMES = sorted({name for endpoint in ENDPOINTS for name in endpoint.query})
QUERIES = st.lists(
    st.tuples(
        st.sampled_from([name.encode() for name in QUERY_NAMES]),
        st.sampled_from([b"true", b"True", b"-1", b"1", b"resolved", b":.c:", b":*:"])
        | ESCAPES
        | st.binary(max_size=5),
    ),
    max_size=4,
).map(lambda pairs: b"&".join(b"=".join(pair) for pair in pairs))
HEADERS = st.lists(
    st.tuples(
        st.sampled_from([b"accept", b"content-type", b"content-length", b"authorization"]),
        st.sampled_from([b"application/json", b"*/*;q=x", b"text/html", b";;,", b"-5"])
        | st.binary(max_size=8),
    ),
    max_size=3,
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([X_INT, '"int"', "AVRO", "NONE", "IMPORT", "STRICT"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=6,
)
EXTRAS = st.fixed_dictionaries(
    {}, optional={"properties": VALUES, "tags": VALUES, "domainRules": VALUES}
)
REFERENCES = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "name": VALUES,
            "subject": st.sampled_from(["s", "\0", ":.c:s"]),
            "version": st.integers(-3, 3),
        },
    ),
    max_size=2,
)
KEYS = ("schemaType", "version", "id", "mode", "compatibility", "compatibilityLevel", "alias")
SETTINGS = ("normalize", "validateNewSchemas", "compatibilityPolicy", "compatibilityGroup")
TAGS = ("schemaTagsToAdd", "schemaTagsToRemove", "tagsToAdd", "rulesToMerge", "newVersion")
BODIES = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys((*KEYS, *SETTINGS, *TAGS), VALUES),
        **dict.fromkeys(("metadata", "ruleSet", "defaultMetadata", "defaultRuleSet"), EXTRAS),
        "schema": VALUES | st.text(max_size=30),
        "references": VALUES | REFERENCES,
    },
).map(lambda body: json.dumps(body).encode())


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.tuples(st.sampled_from(METHODS), paths(), QUERIES, HEADERS),
    BODIES | st.binary(max_size=20),
)
def test_no_request_gives_500_or_anything_but_json(caller, head, body):
    """Whatever comes in, in time there goes out JSON with a status below 500."""
    method, path, query, headers = head
    answer = caller.call(method, path, query, headers, [body[:7], body[7:]])
    check_answer(b"/schema" if method == "HEAD" else path, answer)


JSON_HEADERS = [(b"content-type", b"application/json")]


def post(caller, body, path=b"/subjects/deep/versions"):
    """Send a body and return status and error code."""
    answer = caller.call("POST", path, b"", JSON_HEADERS, [body])
    check_answer(path, answer)
    return answer[0], json.loads(answer[2]).get("error_code")


@pytest.mark.parametrize("depth", [100, 140, 1_000, 30_000])
@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        ('{"type":"array","items":', "}"),
        ("[", "]"),
        ('{"type":"record","name":"A","fields":[{"name":"x","type":', "}]}"),
        ('{"type":"map","x":{"y":', '},"values":"int"}'),
    ],
)
def test_deep_nesting_ends_in_an_answer(caller, depth, opening, closing):
    """A schema nested without end is refused for one reason or another and never fatal."""
    body = json.dumps({"schema": opening * depth + '"int"' + closing * depth}).encode()
    path = f"/subjects/{len(body)}/versions".encode()
    assert post(caller, body, path) in {(200, None), (422, 42201), (413, 42209)}
    assert caller.call("GET", b"/subjects")[0] == 200


@pytest.mark.parametrize("depth", [100, 2_000, 50_000])
@pytest.mark.parametrize("key", ["metadata", "references", "schema", "x"])
def test_a_deeply_nested_body_ends_in_an_answer(caller, depth, key):
    """The same for the JSON around the schema."""
    body = b'{"%s":' % key.encode() + b"[" * depth + b"]" * depth + b"}"
    status, _ = post(caller, body, b"/subjects/nothing/versions")
    assert status in {400, 413, 422}


def test_a_body_over_the_limit_is_413_before_it_is_read_to_its_end(caller):
    """Confluent's 42209, also when the length is not announced."""
    parts = [b"x" * 100_000] * 2 + [b"x"]
    status, _, body = caller.call("POST", b"/subjects/s/versions", b"", JSON_HEADERS, parts)
    assert (status, json.loads(body)["error_code"]) == (413, 42209)


@pytest.mark.parametrize("path", [b"/subjects/%00/versions/1", b"/config/a%00b", b"/mode/%00"])
def test_a_name_with_nul_is_no_subject(caller, path):
    """No database is asked for a name that it could not hold."""
    status, _, body = caller.call("GET", path)
    assert (status, json.loads(body)["error_code"]) == (422, 42208)
