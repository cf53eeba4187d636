"""What happens to a column's meaning: for each way a small function that says so, or nothing.

Registries compare Avro types, and let most of these pass.
"""

from __future__ import annotations

from collections.abc import Iterator

from cdc.gate.judge.cases import Case, Pair
from cdc.gate.judge.rule import Flaw
from cdc.gate.judge.wording import capacity, family, sql_type
from registry.derive.ddl import MySqlColumn
from registry.derive.types import KINDS

_MOMENTS = frozenset({"datetime", "timestamp"})
_INTEGERS = frozenset({"int16", "int32", "int64"})
TEXTS = frozenset({"text", "enum", "set"})
_WIDTHS = ("int", "long", "float", "double")
_OF_OWN_RULES = (_MOMENTS | {"date"}, TEXTS, frozenset({"text", "json"}))
_LABELLED = frozenset({"enum", "set"})


def sides_of(pair: Pair) -> tuple[MySqlColumn, MySqlColumn]:
    """A changed column before and after."""
    assert pair.old is not None  # noqa: S101 -- asked for changed columns
    assert pair.new is not None  # noqa: S101 -- idem
    return pair.old, pair.new


def families_of(pair: Pair) -> tuple[str, str]:
    """The families of a changed column's types."""
    old, new = sides_of(pair)
    return family(old), family(new)


def _types(pair: Pair) -> str:
    old, new = sides_of(pair)
    return f"{sql_type(old.type)} becomes {sql_type(new.type)}"


def find_renamed(_case: Case, pair: Pair) -> str:
    """Another name."""
    return f"renamed, was `{pair.former}`" if pair.former != pair.name else ""


def find_dropped(case: Case) -> Iterator[Flaw]:
    """A column that goes."""
    for pair in case.pairs:
        if pair.new is None:
            yield Flaw(pair.name, "dropped")


def find_replaced(case: Case) -> Iterator[Flaw]:
    """A new column where one of its family goes."""
    gone = [pair.old for pair in case.pairs if pair.old and pair.new is None]
    for pair in case.pairs:
        if pair.old is None and pair.new and case.old:
            for old in gone:
                if family(old) == family(pair.new):
                    yield Flaw(pair.name, f"added where `{old.name}` of the same type is dropped")
                    break


def find_date_datetime(_case: Case, pair: Pair) -> str:
    """DATE and DATETIME or TIMESTAMP, either way."""
    old, new = families_of(pair)
    is_hit = (old == "date" and new in _MOMENTS) or (new == "date" and old in _MOMENTS)
    return f"{_types(pair)}: days become a moment, or the reverse" if is_hit else ""


def find_datetime_timestamp(_case: Case, pair: Pair) -> str:
    """DATETIME and TIMESTAMP, either way."""
    return f"{_types(pair)}: wall clock or UTC" if set(families_of(pair)) == _MOMENTS else ""


def find_time_unit(case: Case, pair: Pair) -> str:
    """Another unit on the wire, of the same type of MySQL."""
    old, new = families_of(pair)
    if old != new or old not in {"datetime", "time"}:
        return ""
    units = [_raw_name(case, n, is_new=b) for n, b in ((pair.former, False), (pair.name, True))]
    return f"{_types(pair)}: {' becomes '.join(units)}" if units[0] != units[1] else ""


def _raw_name(case: Case, name: str, *, is_new: bool) -> str:
    return str(_raw_type(case, name, is_new=is_new).get("connect.name", "")).rpartition(".")[2]


def _raw_type(case: Case, name: str, *, is_new: bool) -> dict[str, object]:
    kind = case.raw_field(name, is_new=is_new).get("type", {})
    branches = kind if isinstance(kind, list) else [kind]
    return next((each for each in branches if isinstance(each, dict)), {"type": branches[-1]})


def find_meaning_changed(case: Case, pair: Pair) -> str:
    """A type of another family whose bytes a reader of the old one takes without an error."""
    families = set(families_of(pair))
    if len(families) == 1 or any(families <= known for known in _OF_OWN_RULES):
        return ""
    is_hit = "year" not in families and _is_taken_raw(case, pair)
    return f"{_types(pair)}: readers do not notice" if is_hit or _is_taken(case, pair) else ""


def _is_taken_raw(case: Case, pair: Pair) -> bool:
    """In the raw topic, where Connect's name says what bytes mean."""
    old = _raw_type(case, pair.former, is_new=False)
    new = _raw_type(case, pair.name, is_new=True)
    is_other = old.get("connect.name") != new.get("connect.name")
    return is_other and _promotes(str(old.get("type")), str(new.get("type")))


def _is_taken(case: Case, pair: Pair) -> bool:
    """In the governed topic."""
    if case.before is None or case.after is None:
        return False
    old, new = case.before.type_of(pair.former), case.after.type_of(pair.name)
    if old is None or new is None or old == new:
        return False
    return _promotes(KINDS[old.kind].avro, KINDS[new.kind].avro)


def _promotes(old: str, new: str) -> bool:
    """Whether Avro reads one as the other, either way (1.12 specification, schema resolution)."""
    types = {old, new}
    return types in ({"string"}, {"bytes"}, {"string", "bytes"}) or types <= set(_WIDTHS)


def find_decimal_scale(_case: Case, pair: Pair) -> str:
    """Another scale."""
    old, new = sides_of(pair)
    is_hit = families_of(pair) == ("decimal", "decimal") and old.type.scale != new.type.scale
    return f"{_types(pair)}: the scale changes" if is_hit else ""


def find_precision_dropped(_case: Case, pair: Pair) -> str:
    """Fewer digits of a decimal at the same scale, or of a time."""
    old, new = sides_of(pair)
    families = families_of(pair)
    if families[0] != families[1]:
        return ""
    if families[0] == "decimal":
        is_hit = old.type.scale == new.type.scale and (new.type.length or 0) < (
            old.type.length or 0
        )
    else:
        is_timed = families[0] in {*_MOMENTS, "time"}
        is_hit = is_timed and (new.type.length or 0) < (old.type.length or 0)
    return f"{_types(pair)}: digits are lost" if is_hit else ""


def find_length_shortened(_case: Case, pair: Pair) -> str:
    """Less room for text or bytes."""
    families = families_of(pair)
    is_sized = families[0] == families[1] and families[0] in {"text", "bytes"}
    old, new = sides_of(pair)
    is_hit = is_sized and capacity(new) < capacity(old)
    return f"{_types(pair)}: longer values do not fit" if is_hit else ""


def find_string_bytes(_case: Case, pair: Pair) -> str:
    """Text and bytes, either way."""
    old, new = families_of(pair)
    is_hit = (old in TEXTS and new == "bytes") or (old == "bytes" and new in TEXTS)
    return _types(pair) if is_hit else ""


def find_string_json(_case: Case, pair: Pair) -> str:
    """Text and JSON, either way."""
    old, new = families_of(pair)
    is_hit = (old in TEXTS and new == "json") or (old == "json" and new in TEXTS)
    return _types(pair) if is_hit else ""


def _removed_labels(pair: Pair) -> list[str]:
    old, new = families_of(pair)
    if old != new or old not in _LABELLED:
        return []
    before, after = (side.type.labels for side in sides_of(pair))
    return [label for label in before if label not in after]


def find_enum_member_removed(_case: Case, pair: Pair) -> str:
    """Members that are no longer there."""
    removed = _removed_labels(pair)
    return f"members taken out: {', '.join(removed)}" if removed else ""


def find_enum_reordered(_case: Case, pair: Pair) -> str:
    """The same members elsewhere."""
    old, new = families_of(pair)
    if old != new or old not in _LABELLED or _removed_labels(pair):
        return ""
    before, after = (side.type.labels for side in sides_of(pair))
    return "members stand in another order" if after[: len(before)] != before else ""


def find_sign_changed(_case: Case, pair: Pair) -> str:
    """UNSIGNED or no longer."""
    old, new = sides_of(pair)
    signs = {("UNSIGNED" in side.type.name) for side in (old, new)}
    is_hit = set(families_of(pair)) <= _INTEGERS and len(signs) == 2
    return f"{_types(pair)}: the sign changes" if is_hit else ""


def find_boolean_flips(case: Case, pair: Pair) -> str:
    """BOOL that a connector streams is a boolean, and a number once it takes a snapshot."""
    _old, new = sides_of(pair)
    if new.type.base != "TINYINT" or new.type.length != 1:
        return ""
    kinds = [
        _raw_type(case, name, is_new=is_new).get("type")
        for name, is_new in ((pair.former, False), (pair.name, True))
    ]
    return (
        f"{kinds[0]} becomes {kinds[1]}"
        if kinds in (["int", "boolean"], ["boolean", "int"])
        else ""
    )


def find_null_becomes_default(case: Case, pair: Pair) -> str:
    """Nullable now, with a default that NULL is replaced by."""
    old, new = sides_of(pair)
    is_hit = case.fills_nulls and not old.nullable and new.nullable and new.default is not None
    return "becomes nullable and keeps its default" if is_hit else ""


def find_epoch_default(case: Case, pair: Pair) -> str:
    """A default of now, which the schema can only say as 1970."""
    new = pair.new
    if new is None or new.default is None or new.default.kind != "now" or case.old is None:
        return ""
    if pair.old is not None and pair.old.default == new.default:
        return ""
    default = case.raw_field(pair.name, is_new=True).get("default")
    is_epoch = default == 0 or str(default).startswith("1970-01-01")
    return "old records read as 1970-01-01" if is_epoch else ""
