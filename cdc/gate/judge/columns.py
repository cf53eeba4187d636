"""Rules about what a column means: registries compare Avro types, and let all of these pass."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from cdc.findings import Severity
from cdc.gate.judge import rewrites
from cdc.gate.judge.cases import Case, Pair
from cdc.gate.judge.rule import Flaw, Kind, Reach, Rule, each_new, each_pair
from cdc.gate.judge.wording import capacity, family, sql_type
from registry.derive.ddl import MySqlColumn

_MOMENTS = frozenset({"datetime", "timestamp"})
_INTEGERS = frozenset({"int16", "int32", "int64"})
_APPROXIMATE = frozenset({"float", "double", "real"})
_TEXTS = frozenset({"text", "enum", "set"})
_LABELLED = frozenset({"enum", "set"})
_MONEY = re.compile(
    r"(?:^|_)(price|amount|total|cost|fee|balance|salary|wage|tax|revenue|payment|money|discount"
    r"|subtotal|refund|budget)(?:_|$|s(?:_|$))",
    re.IGNORECASE,
)
# Names for the same unit stand on one line.
_UNITS = (
    *("cents cent", "eur euro euros", "usd dollar dollars", "gbp", "inr rupee rupees", "paise"),
    *("ns nanoseconds", "us micros microseconds", "ms millis milliseconds", "minutes minute"),
    *("s sec secs seconds second", "hours hour", "days day", "mm", "cm", "km", "miles mile"),
    *("m meter meters metre metres", "g gram grams", "kg", "lb lbs pounds", "percent pct"),
    *("celsius", "fahrenheit", "bytes byte", "kb", "mb", "gb", "net", "gross"),
)
_UNIT_OF = {word: line.split()[0] for line in _UNITS for word in line.split()}
_CHARSETS = {"utf8mb4": 3, "utf16": 3, "utf32": 3, "utf8": 2, "utf8mb3": 2, "ucs2": 2, "ascii": 0}
_SERVER_CHARSET = "utf8mb4"


def _families(pair: Pair) -> tuple[str, str]:
    assert pair.old is not None  # noqa: S101 -- asked for changed columns
    assert pair.new is not None  # noqa: S101 -- idem
    return family(pair.old), family(pair.new)


def _types(pair: Pair) -> str:
    assert pair.old is not None  # noqa: S101 -- asked for changed columns
    assert pair.new is not None  # noqa: S101 -- idem
    return f"{sql_type(pair.old.type)} becomes {sql_type(pair.new.type)}"


def _sides(pair: Pair) -> tuple[MySqlColumn, MySqlColumn]:
    assert pair.old is not None  # noqa: S101 -- asked for changed columns
    assert pair.new is not None  # noqa: S101 -- idem
    return pair.old, pair.new


def _renamed(_case: Case, pair: Pair) -> str:
    return f"renamed, was `{pair.former}`" if pair.former != pair.name else ""


def _dropped(case: Case) -> Iterator[Flaw]:
    for pair in case.pairs:
        if pair.new is None:
            yield Flaw(pair.name, "dropped")


def _replaced(case: Case) -> Iterator[Flaw]:
    gone = [pair.old for pair in case.pairs if pair.old and pair.new is None]
    for pair in case.pairs:
        if pair.old is None and pair.new and case.old:
            for old in gone:
                if family(old) == family(pair.new):
                    yield Flaw(pair.name, f"added where `{old.name}` of the same type is dropped")
                    break


def _date_datetime(_case: Case, pair: Pair) -> str:
    old, new = _families(pair)
    is_hit = (old == "date" and new in _MOMENTS) or (new == "date" and old in _MOMENTS)
    return f"{_types(pair)}: days become a moment, or the reverse" if is_hit else ""


def _datetime_timestamp(_case: Case, pair: Pair) -> str:
    return f"{_types(pair)}: wall clock or UTC" if set(_families(pair)) == _MOMENTS else ""


def _time_unit(case: Case, pair: Pair) -> str:
    old, new = _families(pair)
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


def _decimal_scale(_case: Case, pair: Pair) -> str:
    old, new = _sides(pair)
    is_hit = _families(pair) == ("decimal", "decimal") and old.type.scale != new.type.scale
    return f"{_types(pair)}: the scale changes" if is_hit else ""


def _precision_dropped(_case: Case, pair: Pair) -> str:
    old, new = _sides(pair)
    families = _families(pair)
    if families[0] != families[1]:
        return ""
    if families[0] == "decimal":
        is_hit = old.type.scale == new.type.scale and (new.type.length or 0) < (old.type.length or 0)
    else:
        is_timed = families[0] in {*_MOMENTS, "time"}
        is_hit = is_timed and (new.type.length or 0) < (old.type.length or 0)
    return f"{_types(pair)}: digits are lost" if is_hit else ""


def _length_shortened(_case: Case, pair: Pair) -> str:
    families = _families(pair)
    is_sized = families[0] == families[1] and families[0] in {"text", "bytes"}
    old, new = _sides(pair)
    is_hit = is_sized and capacity(new) < capacity(old)
    return f"{_types(pair)}: longer values do not fit" if is_hit else ""


def _string_bytes(_case: Case, pair: Pair) -> str:
    old, new = _families(pair)
    is_hit = (old in _TEXTS and new == "bytes") or (old == "bytes" and new in _TEXTS)
    return _types(pair) if is_hit else ""


def _string_json(_case: Case, pair: Pair) -> str:
    old, new = _families(pair)
    is_hit = (old in _TEXTS and new == "json") or (old == "json" and new in _TEXTS)
    return _types(pair) if is_hit else ""


def _removed_labels(pair: Pair) -> list[str]:
    old, new = _families(pair)
    if old != new or old not in _LABELLED:
        return []
    before, after = (side.type.labels for side in _sides(pair))
    return [label for label in before if label not in after]


def _enum_member_removed(_case: Case, pair: Pair) -> str:
    removed = _removed_labels(pair)
    return f"members taken out: {', '.join(removed)}" if removed else ""


def _enum_reordered(_case: Case, pair: Pair) -> str:
    old, new = _families(pair)
    if old != new or old not in _LABELLED or _removed_labels(pair):
        return ""
    before, after = (side.type.labels for side in _sides(pair))
    return "members stand in another order" if after[: len(before)] != before else ""


def _sign_changed(_case: Case, pair: Pair) -> str:
    old, new = _sides(pair)
    signs = {("UNSIGNED" in side.type.name) for side in (old, new)}
    is_hit = set(_families(pair)) <= _INTEGERS and len(signs) == 2
    return f"{_types(pair)}: the sign changes" if is_hit else ""


def _boolean_flips(case: Case, pair: Pair) -> str:
    """BOOL that a connector streams is a boolean, and a number once it takes a snapshot."""
    _old, new = _sides(pair)
    if new.type.base != "TINYINT" or new.type.length != 1:
        return ""
    kinds = [
        _raw_type(case, name, is_new=is_new).get("type")
        for name, is_new in ((pair.former, False), (pair.name, True))
    ]
    return f"{kinds[0]} becomes {kinds[1]}" if kinds in (["int", "boolean"], ["boolean", "int"]) else ""


def _null_becomes_default(case: Case, pair: Pair) -> str:
    old, new = _sides(pair)
    is_hit = case.fills_nulls and not old.nullable and new.nullable and new.default is not None
    return "becomes nullable and keeps its default" if is_hit else ""


def _epoch_default(case: Case, pair: Pair) -> str:
    new = pair.new
    if new is None or new.default is None or new.default.kind != "now" or case.old is None:
        return ""
    if pair.old is not None and pair.old.default == new.default:
        return ""
    default = case.raw_field(pair.name, is_new=True).get("default")
    is_epoch = default == 0 or str(default).startswith("1970-01-01")
    return "old records read as 1970-01-01" if is_epoch else ""


def _charset_loss(_case: Case, pair: Pair) -> str:
    old, new = _sides(pair)
    before, after = (side.type.charset or _SERVER_CHARSET for side in (old, new))
    is_text = set(_families(pair)) <= _TEXTS
    ranks = _CHARSETS.get(before, 1), _CHARSETS.get(after, 1)
    is_lossy = ranks[1] < ranks[0] or (before != after and ranks == (1, 1))
    return f"{before} becomes {after}" if is_text and is_lossy else ""


def _float_money(_case: Case, pair: Pair) -> str:
    new = pair.new
    if new is None or family(new) not in _APPROXIMATE or not _MONEY.search(new.name):
        return ""
    if pair.old is not None and family(pair.old) in _APPROXIMATE:
        return ""
    return f"looks like money, and {sql_type(new.type)} has no exact cents"


def _unit_changed(_case: Case, pair: Pair) -> str:
    for old, new in zip(*(_described(side) for side in _sides(pair)), strict=True):
        before, after = _units(old), _units(new)
        if before and after and before != after:
            return f"{', '.join(sorted(before))} becomes {', '.join(sorted(after))}"
    return ""


def _described(column: MySqlColumn) -> tuple[str, str]:
    return column.name, column.comment or ""


def _units(text: str) -> set[str]:
    words = re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", text).lower())
    return {_UNIT_OF[word] for word in words if word in _UNIT_OF}


_ERROR, _WARNING, _NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE
_SEMANTIC = Kind.SEMANTIC
_BESIDE = "add a second column of the new type, fill both, drop the old one later"

COLUMN_RULES: Sequence[Rule] = (
    Rule(
        "column-renamed",
        _SEMANTIC,
        _ERROR,
        "a column has another name",
        "Fields are found by name. A reader with the old schema finds nothing under the old name and"
        " goes on with NULL or its default: for a nullable column no registry objects.",
        "add the new name beside the old one, fill both, drop the old one later",
        each_pair(_renamed),
        rewrites.beside,
        explains=True,
    ),
    Rule(
        "column-dropped",
        _SEMANTIC,
        _ERROR,
        "a column goes",
        "Readers that still use the column get NULL or its default from one record to the next. For"
        " a nullable column no registry objects, and the old values cannot be had again.",
        "let writers stop first; drop it when no consumer reads it",
        _dropped,
        rewrites.drop_later,
        explains=True,
    ),
    Rule(
        "rename-as-drop-add",
        _SEMANTIC,
        _WARNING,
        "a column goes and one of the same type comes, in one statement",
        "If this is a rename, the values are lost: MySQL drops them, the new column starts empty,"
        " and no event carries them over.",
        "add the new column, copy the values, drop the old one later",
        _replaced,
        rewrites.rename_properly,
    ),
    Rule(
        "date-datetime",
        _SEMANTIC,
        _ERROR,
        "a date becomes a moment, or the reverse",
        "A DATE travels as a number of days, a DATETIME as a number of milli- or microseconds."
        " Avro promotes int to long, so a reader takes days for milliseconds without an error.",
        _BESIDE,
        each_pair(_date_datetime),
        rewrites.beside,
        Reach.TYPES,
        explains=True,
    ),
    Rule(
        "datetime-timestamp",
        _SEMANTIC,
        _ERROR,
        "DATETIME becomes TIMESTAMP, or the reverse",
        "DATETIME is a wall clock without a zone, TIMESTAMP a moment in UTC. Values shift by the"
        " session's time zone, and raw topics send one as a number and the other as text.",
        _BESIDE,
        each_pair(_datetime_timestamp),
        rewrites.beside,
        Reach.TYPES,
        explains=True,
    ),
    Rule(
        "time-unit",
        _SEMANTIC,
        _ERROR,
        "a time is sent in another unit",
        "With `time.precision.mode` adaptive, DATETIME up to 3 digits travels in milliseconds, with"
        " more in microseconds. Both are a long: a reader is wrong by a factor of 1000.",
        "set `time.precision.mode=microseconds` in the connector, where the unit never changes",
        each_pair(_time_unit),
        rewrites.beside,
        Reach.RAW,
    ),
    Rule(
        "decimal-scale",
        _SEMANTIC,
        _ERROR,
        "a decimal has another number of digits behind the point",
        "A decimal travels as its digits without the point; where the point is says the schema. A"
        " reader that keeps its own scale is wrong by powers of ten.",
        _BESIDE,
        each_pair(_decimal_scale),
        rewrites.beside,
        Reach.TYPES,
        explains=True,
    ),
    Rule(
        "precision-dropped",
        _SEMANTIC,
        _WARNING,
        "a number or a time has fewer digits",
        "Values that do not fit are refused or rounded, and rows that are rounded give events that"
        " no application wrote.",
        _BESIDE,
        each_pair(_precision_dropped),
        rewrites.beside,
        explains=True,
    ),
    Rule(
        "length-shortened",
        _SEMANTIC,
        _WARNING,
        "a text or binary column holds less",
        "Longer values make the statement fail, or are cut where sql_mode is not strict; the schemas"
        " do not show it.",
        "measure first: SELECT MAX(CHAR_LENGTH(column)); or add a CHECK for new rows",
        each_pair(_length_shortened),
        rewrites.nothing,
    ),
    Rule(
        "string-bytes",
        _SEMANTIC,
        _ERROR,
        "text becomes bytes, or the reverse",
        "Avro reads strings as bytes and bytes as strings, so registries let it pass. Readers get"
        " another type, and bytes that are no UTF-8 where text was.",
        _BESIDE,
        each_pair(_string_bytes),
        rewrites.beside,
        Reach.TYPES,
        explains=True,
    ),
    Rule(
        "string-json",
        _SEMANTIC,
        _ERROR,
        "text becomes JSON, or the reverse",
        "Both are a string in Avro. As JSON MySQL orders keys, rewrites numbers and drops spaces:"
        " the same document is another text, and hashes and comparisons of it fail.",
        _BESIDE,
        each_pair(_string_json),
        rewrites.beside,
        Reach.TYPES,
        explains=True,
    ),
    Rule(
        "enum-member-removed",
        _SEMANTIC,
        _ERROR,
        "an ENUM or SET loses a member",
        "Rows with the member make the statement fail, or get the empty text. Labels travel as"
        " strings, so no registry sees that a value is gone.",
        "keep the member, and let writers stop using it",
        each_pair(_enum_member_removed),
        rewrites.append_labels,
    ),
    Rule(
        "enum-reordered",
        _SEMANTIC,
        _NOTE,
        "the members of an ENUM or SET stand in another order",
        "Events carry labels, so they stay the same. What compares or sorts by the member's number"
        " does not, and MySQL copies the table.",
        "append new members at the end",
        each_pair(_enum_reordered),
        rewrites.append_labels,
    ),
    Rule(
        "sign-changed",
        _SEMANTIC,
        _ERROR,
        "an integer becomes unsigned, or signed again",
        "The range moves: BIGINT UNSIGNED beyond 2^63 arrives as a negative number, INT UNSIGNED is"
        " a long where INT is an int, and negative values are refused.",
        _BESIDE,
        each_pair(_sign_changed),
        rewrites.beside,
        explains=True,
    ),
    Rule(
        "boolean-flips",
        _SEMANTIC,
        _ERROR,
        "a BOOL in a migration is sent as a boolean, until the next snapshot",
        "A connector that streams sends BOOL as a boolean, one that takes a snapshot sends the same"
        " column as a small number. Readers break now, and again at the next snapshot.",
        "write TINYINT(1), or use Debezium's TinyIntOneToBooleanConverter",
        each_pair(_boolean_flips),
        rewrites.nothing,
        Reach.RAW,
        explains=True,
    ),
    Rule(
        "null-becomes-default",
        _SEMANTIC,
        _WARNING,
        "a column becomes nullable and keeps its default",
        "Converters replace NULL by the column's default unless they are told not to: readers never"
        " see the NULL that MySQL has.",
        "drop the default, or set `value.converter.ignore.default.for.nullables=true` (Avro) or"
        " `value.converter.replace.null.with.default=false` (JSON)",
        each_pair(_null_becomes_default),
        rewrites.without_default,
        Reach.RAW,
    ),
    Rule(
        "epoch-default",
        _SEMANTIC,
        _ERROR,
        "a default of CURRENT_TIMESTAMP is read as 1970",
        "A default that is a moment has no constant: the schema says 1970-01-01, and that is what"
        " readers see in every record from before the column.",
        "add the column nullable and without a default",
        each_new(_epoch_default),
        rewrites.nullable_moment,
        Reach.RAW,
    ),
    Rule(
        "charset-loss",
        _SEMANTIC,
        _WARNING,
        "a character set that holds fewer characters",
        "Characters that the new character set lacks make the statement fail, or become question"
        " marks in rows and in every topic. Schemas do not show it.",
        "stay with utf8mb4",
        each_pair(_charset_loss),
        rewrites.nothing,
    ),
    Rule(
        "float-money",
        _SEMANTIC,
        _WARNING,
        "money in a FLOAT or DOUBLE",
        "Binary fractions have no exact cents: sums differ from one reader to the next, and the type"
        " cannot be mended later without breaking every reader.",
        "use a DECIMAL",
        each_new(_float_money),
        rewrites.as_decimal,
    ),
    Rule(
        "unit-changed",
        _SEMANTIC,
        _WARNING,
        "name or comment say another unit",
        "The type stays, the numbers mean something else. Nothing in a schema tells a reader.",
        "add a column with the unit in its name, fill both, drop the old one later",
        each_pair(_unit_changed),
        rewrites.beside,
    ),
)
