"""`/contexts/{context}/…` in front of a path: the same request, inside a context.

Clients that know nothing of contexts are pointed at one by their base URL. Names in the path and
the query are qualified (`:.context:name`) unless they are already.
"""

from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlencode

from registry.model import ALL_CONTEXTS, DEFAULT_CONTEXT

_PREFIX: Final = "/contexts/"
_SETTINGS: Final = ("config", "mode")
_IDS: Final = "schemas/ids"
# the query parameter that names the subjects, by path
_LISTS: Final[Mapping[str, str]] = {"subjects": "subjectPrefix", "schemas": "subjectPrefix"}


def enter_context(path: str, query: bytes) -> tuple[str, bytes]:
    """Return path (as sent, without trailing slashes) and query of the request inside."""
    if not path.startswith(_PREFIX):
        return path, query
    context, _, inside = path.removeprefix(_PREFIX).partition("/")
    name = unquote(context).strip(":")
    if not inside or not name.startswith("."):
        return path, query
    start = "" if name == DEFAULT_CONTEXT else f":{name}:"
    parameter = "subject" if inside.startswith(_IDS) else _LISTS.get(inside)
    if parameter is not None:
        query = _qualify_query(query, parameter, start or ":.:")
    return f"/{_qualify_path(inside, start)}", query


def _qualify_path(path: str, start: str) -> str:
    parts = path.split("/")
    if path in _SETTINGS:
        return f"{path}/{quote(start, safe='')}" if start else path
    qualify = _make_qualifier(start)
    for i in range(1, len(parts)):
        if parts[i - 1] == "subjects" or (i == 1 and parts[0] in _SETTINGS):
            parts[i] = quote(qualify(unquote(parts[i])), safe="")
            break
    return "/".join(parts)


def _qualify_query(query: bytes, parameter: str, start: str) -> bytes:
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    qualify = _make_qualifier(start)
    if all(name != parameter for name, _ in pairs):
        pairs.append((parameter, ""))
    return urlencode(
        [(name, qualify(value) if name == parameter else value) for name, value in pairs]
    ).encode()


def _make_qualifier(start: str) -> Callable[[str], str]:
    def qualify(name: str) -> str:
        return name if name.startswith((":.", ALL_CONTEXTS)) else f"{start}{name}"

    return qualify
