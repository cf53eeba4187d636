"""Column definitions: type, then attributes in any order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from registry.derive.ddl.cursor import Cursor
from registry.derive.ddl.facts import DataType, Default, MySqlColumn
from registry.derive.ddl.names import TYPES

# What may follow a first word as part of the type's name, the longest first.
_PHRASES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "DOUBLE": (("PRECISION",),),
    "CHAR": (("VARYING",),),
    "CHARACTER": (("VARYING",),),
    "NATIONAL": (
        ("CHARACTER", "VARYING"),
        ("CHAR", "VARYING"),
        ("VARCHARACTER",),
        ("VARCHAR",),
        ("CHARACTER",),
        ("CHAR",),
    ),
    "NCHAR": (("VARCHAR",), ("VARYING",)),
    "LONG": (("CHARACTER", "VARYING"), ("CHAR", "VARYING"), ("VARCHAR",), ("VARBINARY",)),
}
_NOW = frozenset({"CURRENT_TIMESTAMP", "NOW", "LOCALTIME", "LOCALTIMESTAMP"})
_ENDS = frozenset({",", ")", "FIRST", "AFTER"})


@dataclass(slots=True)
class Declared:
    """What a definition says so far; `unique` and `primary` are keys declared with the column."""

    type: DataType
    nullable: bool | None = None
    default: Default | None = None
    comment: str | None = None
    collation: str = ""
    primary: bool = False
    unique: bool = False


@dataclass(frozen=True, slots=True)
class Definition:
    """A column with the keys that its definition declares beside it."""

    column: MySqlColumn
    primary: bool
    unique: bool


def read_definition(cursor: Cursor, name: str, start: int, charset: str) -> Definition:
    """Read a definition up to what ends it; `charset` is the table's.

    Raises:
        RefusedSql: a type or an attribute that MySQL does not have.
    """
    declared = Declared(_read_type(cursor))
    if declared.type.name == "SERIAL":
        declared.type = DataType("BIGINT UNSIGNED")
        declared.nullable, declared.unique = False, True
    while not cursor.is_done and cursor.word not in _ENDS:
        _read_attribute(cursor, declared)
    nullable = not declared.primary if declared.nullable is None else declared.nullable
    column = MySqlColumn(
        name,
        _with_charset(declared, charset),
        nullable and not declared.primary,
        cursor.span(start),
        declared.default,
        declared.comment,
    )
    return Definition(column, declared.primary, declared.unique)


def _with_charset(declared: Declared, charset: str) -> DataType:
    kind = declared.type
    if not TYPES[kind.base].is_text:
        return kind
    own = kind.charset or charset_of(declared.collation) or charset
    return DataType(kind.name, kind.length, kind.scale, kind.labels, own)


def charset_of(collation: str) -> str:
    """The character set that a collation is of: `utf8mb4_bin` is of utf8mb4."""
    return collation.partition("_")[0]


def _read_type(cursor: Cursor) -> DataType:
    word = cursor.word
    name = word
    if word in _PHRASES:
        rest = next((p for p in _PHRASES[word] if cursor.sees(word, *p)), ())
        name = " ".join((word, *rest))
        cursor.at += len(rest)
    row = TYPES.get(name)
    if row is None:
        raise cursor.refuse("expected a type of MySQL")
    cursor.step()
    if row.has_labels:
        return _read_text_tail(cursor, DataType(name, labels=_read_labels(cursor)))
    length, scale = _read_numbers(cursor)
    if row.is_text:
        return _read_text_tail(cursor, DataType(name, length, scale))
    return DataType(name + _read_sign(cursor), length, scale)


def _read_numbers(cursor: Cursor) -> tuple[int | None, int | None]:
    if not cursor.take("("):
        return None, None
    length = cursor.integer()
    scale = cursor.integer() if cursor.take(",") else None
    cursor.need(")")
    return length, scale


def _read_labels(cursor: Cursor) -> tuple[str, ...]:
    cursor.need("(")
    labels = [cursor.raw_string()]
    while cursor.take(","):
        labels.append(cursor.raw_string())
    cursor.need(")")
    return tuple(labels)


def _read_sign(cursor: Cursor) -> str:
    """UNSIGNED and ZEROFILL as Debezium spells them: ZEROFILL means UNSIGNED."""
    words = set()
    while word := cursor.take_one("SIGNED", "UNSIGNED", "ZEROFILL"):
        words.add(word)
    if "ZEROFILL" in words:
        return " UNSIGNED ZEROFILL"
    return "".join(f" {word}" for word in ("UNSIGNED", "SIGNED") if word in words)


def _read_text_tail(cursor: Cursor, kind: DataType) -> DataType:
    """CHARACTER SET, BINARY and their like right behind a text type."""
    name, charset = kind.name, kind.charset
    while True:
        if cursor.take("BINARY"):
            name += " BINARY"
        elif cursor.take("BYTE"):
            charset = "binary"
        elif cursor.take("ASCII"):
            charset = "latin1"
        elif cursor.take("UNICODE"):
            charset = "ucs2"
        elif cursor.take("CHARACTER", "SET") or cursor.take("CHARSET"):
            charset = read_charset(cursor)
        else:
            return DataType(name, kind.length, kind.scale, kind.labels, charset)


def read_charset(cursor: Cursor) -> str:
    """The name of a character set or a collation, plain or quoted, in lower case."""
    cursor.take("=")
    quoted = cursor.token.kind in {"string", "double"}
    return (cursor.string() if quoted else cursor.name()).lower()


def _read_attribute(cursor: Cursor, declared: Declared) -> None:
    word = cursor.word
    reader = _ATTRIBUTES.get(word)
    if reader is None:
        raise cursor.refuse("expected an attribute of a column")
    cursor.step()
    reader(cursor, declared)


def _not(cursor: Cursor, declared: Declared) -> None:
    if not cursor.take_one("SECONDARY"):
        cursor.need("NULL")
        declared.nullable = False


def _null(_cursor: Cursor, declared: Declared) -> None:
    declared.nullable = True


def _default(cursor: Cursor, declared: Declared) -> None:
    declared.default = read_default(cursor)


def read_default(cursor: Cursor) -> Default | None:
    """What stands behind DEFAULT; None: NULL or an expression.

    Raises:
        RefusedSql: neither a literal, a time, nor an expression in parentheses.
    """
    if cursor.take("NULL"):
        return None
    if cursor.word == "(":
        cursor.skip_parentheses()
        return None
    if cursor.word in _NOW:
        _skip_now(cursor)
        return Default("now", "CURRENT_TIMESTAMP")
    if word := cursor.take_one("TRUE", "FALSE"):
        return Default("word", word)
    sign = cursor.take_one("+", "-")
    if cursor.token.kind in {"number", "hex", "bits"}:
        token = cursor.step()
        return Default(token.kind, sign + token.text)
    return Default("text", sign + _read_text(cursor))


def _read_text(cursor: Cursor) -> str:
    """A text, with what stands before its quotes, and others right behind it."""
    if word := cursor.take_one("DATE", "TIME", "TIMESTAMP", "N"):
        return f"{word}'{cursor.raw_string()}'"
    if cursor.token.kind == "word" and cursor.token.text.startswith("_"):
        cursor.step()
    text = cursor.raw_string()
    while cursor.token.kind in {"string", "double"}:
        text += "''" + cursor.raw_string()
    return text


def _skip_now(cursor: Cursor) -> None:
    cursor.step()
    if cursor.word == "(":
        cursor.skip_parentheses()


def _on(cursor: Cursor, _declared: Declared) -> None:
    cursor.need("UPDATE")
    if cursor.word not in _NOW:
        raise cursor.refuse("expected CURRENT_TIMESTAMP")
    _skip_now(cursor)


def _comment(cursor: Cursor, declared: Declared) -> None:
    declared.comment = cursor.raw_string()


def _unique(cursor: Cursor, declared: Declared) -> None:
    cursor.take("KEY")
    declared.unique = True


def _key(_cursor: Cursor, declared: Declared) -> None:
    declared.primary = True


def _primary(cursor: Cursor, declared: Declared) -> None:
    cursor.take("KEY")
    declared.primary = True


def _serial(cursor: Cursor, declared: Declared) -> None:
    cursor.need("DEFAULT", "VALUE")
    declared.nullable, declared.unique = False, True


def _collate(cursor: Cursor, declared: Declared) -> None:
    declared.collation = read_charset(cursor)


def _generated(cursor: Cursor, declared: Declared) -> None:
    cursor.need("ALWAYS", "AS")
    _as(cursor, declared)


def _as(cursor: Cursor, _declared: Declared) -> None:
    cursor.skip_parentheses()
    cursor.take_one("VIRTUAL", "STORED")


def _check(cursor: Cursor, _declared: Declared) -> None:
    cursor.skip_parentheses()
    if not cursor.take("NOT", "ENFORCED"):
        cursor.take("ENFORCED")


def _constraint(cursor: Cursor, declared: Declared) -> None:
    if cursor.word != "CHECK":
        cursor.name()
    cursor.need("CHECK")
    _check(cursor, declared)


def read_reference(cursor: Cursor) -> None:
    """What stands behind REFERENCES: a table, its columns and what happens to them."""
    cursor.table_name("-")
    if cursor.word == "(":
        cursor.skip_parentheses()
    if cursor.take("MATCH"):
        cursor.step()
    while cursor.take_one("ON"):
        cursor.step()
        if not (cursor.take("SET", "NULL") or cursor.take("SET", "DEFAULT")):
            cursor.take("NO")
            cursor.step()


def _references(cursor: Cursor, _declared: Declared) -> None:
    read_reference(cursor)


def _skip_word(cursor: Cursor, _declared: Declared) -> None:
    cursor.take("=")
    cursor.step()


def _nothing(_cursor: Cursor, _declared: Declared) -> None:
    pass


_ATTRIBUTES: Mapping[str, Callable[[Cursor, Declared], None]] = {
    "NOT": _not,
    "NULL": _null,
    "DEFAULT": _default,
    "ON": _on,
    "AUTO_INCREMENT": _nothing,
    "COMMENT": _comment,
    "UNIQUE": _unique,
    "PRIMARY": _primary,
    "KEY": _key,
    "SERIAL": _serial,
    "COLLATE": _collate,
    "GENERATED": _generated,
    "AS": _as,
    "VISIBLE": _nothing,
    "INVISIBLE": _nothing,
    "CHECK": _check,
    "CONSTRAINT": _constraint,
    "REFERENCES": _references,
    "COLUMN_FORMAT": _skip_word,
    "STORAGE": _skip_word,
    "ENGINE_ATTRIBUTE": _skip_word,
    "SECONDARY_ENGINE_ATTRIBUTE": _skip_word,
    "SRID": _skip_word,
    "VIRTUAL": _nothing,
    "STORED": _nothing,
}
