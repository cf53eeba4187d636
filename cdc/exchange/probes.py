"""What `cdc registry check` tries, one small function for each feature."""

from __future__ import annotations

import json
from typing import Any

from cdc.exchange.door import Answer, Json, RegistryDoor, settings_path, subject_path
from registry.avro import parse_strict

_CONFLICT = 409


class Lacking(Exception):
    """The registry does not do it; the message says what it did instead."""


class Probe:
    """A registry, and names in it that nobody else uses; `left` is what could not be removed."""

    def __init__(self, door: RegistryDoor, prefix: str) -> None:
        self.door = door
        self.prefix = prefix
        self.made: dict[str, None] = {}
        self.left: list[str] = []

    def subject(self, name: str) -> str:
        """Return a subject of ours; it is removed at the end."""
        full = f"{self.prefix}-{name}"
        self.made[full] = None
        return full

    def want(self, method: str, path: str, body: Json | None = None) -> Any:
        """Return the content of an answer that must be fine."""
        answer = self.door.call(method, path, body)
        if answer.is_fine:
            return answer.content
        raise Lacking(f"{method} {self._shorten(path)} answers HTTP {answer.status}")

    def try_(self, method: str, path: str, body: Json | None = None) -> Answer:
        """Return an answer, fine or not."""
        return self.door.call(method, path, body)

    def register(self, name: str, schema: str, **more: Any) -> int:
        """Register a schema under a subject of ours; returns its id."""
        path = subject_path(self.subject(name), "/versions")
        return int(self.want("POST", path, {"schema": schema, **more})["id"])

    def set_level(self, name: str, level: str) -> None:
        """Set the level of a subject of ours."""
        path = settings_path("config", self.subject(name))
        self.want("PUT", path, {"compatibility": level})

    def _shorten(self, path: str) -> str:
        return path.replace(self.prefix, "…")


def make_schema(*fields: Json, name: str = "Probe") -> str:
    """Return a record's text as Avro Java writes it."""
    record = {"type": "record", "name": name, "namespace": "headworks.check", "fields": fields}
    return parse_strict(json.dumps(record)).canonical


_ID: Json = {"name": "id", "type": "long"}
_NOTE: Json = {"name": "note", "type": ["null", "string"], "default": None}
_OLD = make_schema(_ID)
_COMPATIBLE = make_schema(_ID, _NOTE)
_BROKEN = make_schema(_ID, {"name": "must", "type": "string"})


def _require(is_met: object, seen: str) -> None:
    if not is_met:
        raise Lacking(seen)


def register(probe: Probe) -> None:
    """A schema gets an id."""
    _require(probe.register("plain", _OLD) > 0, "the answer has no id")


def same_id(probe: Probe) -> None:
    """The same schema gets the same id, in another subject too."""
    ids = {probe.register("plain", _OLD), probe.register("plain", _OLD)}
    ids.add(probe.register("twin", _OLD))
    _require(len(ids) == 1, "one schema got several ids")


def schema_by_id(probe: Probe) -> None:
    """An id gives the schema back."""
    found = probe.want("GET", f"/schemas/ids/{probe.register('plain', _OLD)}")
    _require(json.loads(found["schema"]) == json.loads(_OLD), "another schema comes back")


def latest(probe: Probe) -> None:
    """`latest` is a version."""
    probe.register("plain", _OLD)
    found = probe.want("GET", subject_path(probe.subject("plain"), "/versions/latest"))
    _require(found.get("version") == 1, "the first version has another number")


def look_up(probe: Probe) -> None:
    """A schema is found in its subject, another is not."""
    probe.register("plain", _OLD)
    found = probe.want("POST", subject_path(probe.subject("plain")), {"schema": _OLD})
    _require("version" in found, "the answer has no version")
    other = probe.try_("POST", subject_path(probe.subject("plain")), {"schema": _BROKEN})
    _require(other.status == 404, "a schema that is not there is found")


def canonical(probe: Probe) -> None:
    """Schemas come back in Avro Java's spelling."""
    found = probe.want("GET", f"/schemas/ids/{probe.register('plain', _OLD)}")
    _require(found["schema"] == _OLD, "keys come back in another order or spelling")


def subjects_of_id(probe: Probe) -> None:
    """An id names its subjects."""
    found = probe.want("GET", f"/schemas/ids/{probe.register('plain', _OLD)}/subjects")
    _require(probe.subject("plain") in found, "the subject is not listed")


def versions_of_id(probe: Probe) -> None:
    """An id names its versions."""
    found = probe.want("GET", f"/schemas/ids/{probe.register('plain', _OLD)}/versions")
    named = [(each.get("subject"), each.get("version")) for each in found]
    _require((probe.subject("plain"), 1) in named, "the version is not listed")


def level(probe: Probe) -> None:
    """A subject has a level of its own, and NONE lets everything in."""
    probe.set_level("level", "NONE")
    found = probe.want("GET", settings_path("config", probe.subject("level")))
    _require(found.get("compatibilityLevel") == "NONE", "the level that was set is not returned")
    probe.register("level", _OLD)
    probe.register("level", make_schema({"name": "id", "type": "string"}))


def transitive(probe: Probe) -> None:
    """A transitive level compares with early versions too."""
    probe.set_level("transitive", "NONE")
    probe.register("transitive", make_schema())
    probe.register("transitive", make_schema({"name": "must", "type": "string"}))
    probe.set_level("transitive", "BACKWARD_TRANSITIVE")
    path = subject_path(probe.subject("transitive"), "/versions")
    again = make_schema({"name": "must", "type": "string", "doc": "again"})
    answer = probe.try_("POST", path, {"schema": again})
    _require(answer.status == _CONFLICT, "a break with an early version is let in")


def level_removed(probe: Probe) -> None:
    """A subject's level can be taken back."""
    probe.set_level("unset", "FULL")
    path = settings_path("config", probe.subject("unset"))
    probe.want("DELETE", path)
    _require(not probe.try_("GET", path).is_fine, "the level is still there")


def incompatible(probe: Probe) -> None:
    """A break is refused with 409."""
    probe.set_level("plain", "BACKWARD")
    probe.register("plain", _OLD)
    path = subject_path(probe.subject("plain"), "/versions")
    answer = probe.try_("POST", path, {"schema": _BROKEN})
    _require(answer.status == _CONFLICT, f"a break is answered with HTTP {answer.status}")


def _ask_compatibility(probe: Probe, rest: str) -> Any:
    probe.set_level("plain", "BACKWARD")
    probe.register("plain", _OLD)
    path = f"/compatibility{subject_path(probe.subject('plain'), rest)}?verbose=true"
    found = probe.want("POST", path, {"schema": _BROKEN})
    _require(found.get("is_compatible") is False, "a break is called compatible")
    return found


def messages(probe: Probe) -> None:
    """A verbose check says why."""
    found = _ask_compatibility(probe, "/versions/latest")
    _require(found.get("messages"), "no message says why")


def compatibility_of_all(probe: Probe) -> None:
    """A check without a version asks all that the level needs."""
    _ask_compatibility(probe, "/versions")


def explanations(probe: Probe) -> None:
    """A verbose check names the column."""
    found = _ask_compatibility(probe, "/versions/latest")
    _require("explanations" in found, "a break is not explained")


def prefix(probe: Probe) -> None:
    """Subjects are listed by prefix."""
    probe.register("plain", _OLD)
    probe.register("twin", _OLD)
    found = probe.want("GET", f"/subjects?subjectPrefix={probe.subject('twin')}")
    _require(found == [probe.subject("twin")], "other subjects are listed too")


def soft_delete(probe: Probe) -> None:
    """A deleted subject is hidden and its ids are still read."""
    number = probe.register("gone", _OLD)
    probe.want("DELETE", subject_path(probe.subject("gone")))
    _require(probe.subject("gone") not in probe.want("GET", "/subjects"), "it is still listed")
    listed = probe.want("GET", "/subjects?deleted=true")
    _require(probe.subject("gone") in listed, "deleted=true does not list it")
    probe.want("GET", f"/schemas/ids/{number}")


def hard_delete(probe: Probe) -> None:
    """A permanent delete leaves nothing."""
    probe.register("gone", _OLD)
    path = subject_path(probe.subject("gone"))
    probe.want("DELETE", path)
    probe.want("DELETE", f"{path}?permanent=true")
    listed = probe.want("GET", "/subjects?deleted=true")
    _require(probe.subject("gone") not in listed, "deleted=true still lists it")


def references(probe: Probe) -> None:
    """A schema may use a type of another subject."""
    probe.register("referred", make_schema(_ID, name="Referred"))
    name = "headworks.check.Referred"
    reference = {"name": name, "subject": probe.subject("referred"), "version": 1}
    using = make_schema(_ID).replace('"long"', f'"{name}"')
    number = probe.register("using", using, references=[reference])
    found = probe.want("GET", f"/schemas/ids/{number}")
    _require(found.get("references") == [reference], "references do not come back")


def metadata(probe: Probe) -> None:
    """Metadata is kept."""
    metadata = {"properties": {"owner": "headworks"}}
    probe.register("described", _OLD, metadata=metadata)
    found = probe.want("GET", subject_path(probe.subject("described"), "/versions/latest"))
    kept = (found.get("metadata") or {}).get("properties")
    _require(kept == metadata["properties"], "metadata does not come back")


def normalize(probe: Probe) -> None:
    """Spellings of one schema are one schema."""
    path = subject_path(probe.subject("normal"), "/versions?normalize=true")
    one, other = ('"a":1,"b":2', '"b":2,"a":1')
    ids = {
        probe.want("POST", path, {"schema": f'{{"type":"string",{props}}}'})["id"]
        for props in (one, other)
    }
    _require(len(ids) == 1, "two orders of properties get two ids")


def modes(probe: Probe) -> None:
    """A subject can be read-only."""
    path = settings_path("mode", probe.subject("mode"))
    probe.want("PUT", path, {"mode": "READONLY"})
    refused = probe.try_("POST", subject_path(probe.subject("mode"), "/versions"), {"schema": _OLD})
    probe.want("DELETE", path)
    _require(not refused.is_fine, "a read-only subject takes schemas")


def import_with_id(probe: Probe) -> None:
    """IMPORT mode takes an id."""
    number = probe.register("plain", _OLD) + 1
    while probe.try_("GET", f"/schemas/ids/{number}").is_fine:
        number += 1
    path = settings_path("mode", probe.subject("import"))
    probe.want("PUT", path, {"mode": "IMPORT"})
    text = make_schema(_ID, name=f"Imported{number}")
    given = probe.register("import", text, id=number, version=1)
    _require(given == number, "the id is not kept")


def list_schemas(probe: Probe) -> None:
    """Versions are listed over subjects."""
    probe.register("plain", _OLD)
    found = probe.want("GET", f"/schemas?subjectPrefix={probe.subject('plain')}")
    _require(any(e.get("subject") == probe.subject("plain") for e in found), "it is not listed")


def contexts(probe: Probe) -> None:
    """The default context is listed."""
    _require("." in probe.want("GET", "/contexts"), "the default context is not listed")
