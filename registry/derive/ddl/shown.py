"""A table as MySQL's server shows it, whatever it was declared with.

A connector's snapshot reads SHOW CREATE TABLE: there BOOL is `tinyint(1)`, REAL is `double`, a text
in character set binary is bytes, and defaults are written in one form.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation

from registry.derive.ddl.cursor import decode
from registry.derive.ddl.facts import DataType, Default, MySqlColumn, MySqlTable
from registry.derive.ddl.names import TYPES
from registry.derive.ddl.tables import is_total

_ZEROFILL_WIDTHS = {"TINYINT": 3, "SMALLINT": 5, "MEDIUMINT": 8, "INT": 10, "BIGINT": 20}
_LENGTHS = {"CHAR": 1, "BINARY": 1, "BIT": 1, "VECTOR": 2048}
_BINARY = {
    "CHAR": "BINARY",
    "VARCHAR": "VARBINARY",
    "TINYTEXT": "TINYBLOB",
    "TEXT": "BLOB",
    "MEDIUMTEXT": "MEDIUMBLOB",
    "LONGTEXT": "LONGBLOB",
}
_SIZES = ((255, "TINY"), (65_535, ""), (16_777_215, "MEDIUM"), (4_294_967_295, "LONG"))
_CHARACTER_BYTES = {"latin1": 1, "ascii": 1, "binary": 1, "ucs2": 2, "utf8": 3, "utf8mb3": 3}
_FLOAT_DIGITS = 24


def show_as_server(table: MySqlTable) -> MySqlTable:
    """The same table with types, defaults and key as the server shows them."""
    columns = tuple(show_column(table, column) for column in table.columns)
    shown = replace(table, columns=columns)
    return replace(shown, key=shown.primary or _unique_key(shown))


def _unique_key(table: MySqlTable) -> tuple[str, ...]:
    return next((index.columns for index in table.uniques if is_total(table, index)), ())


def show_column(table: MySqlTable, column: MySqlColumn) -> MySqlColumn:
    """One column of a table with type and default as the server shows them."""
    is_primary = any(name.lower() == column.name.lower() for name in table.primary)
    kind = _type(column.type)
    return MySqlColumn(
        column.name,
        kind,
        column.nullable and not is_primary,
        column.span,
        _default(column.default, kind),
        _escape(decode(column.comment)) if column.comment else None,
    )


def _type(kind: DataType) -> DataType:
    row = TYPES[kind.base]
    if row.family == "boolean":
        return DataType("TINYINT", 1)
    show = _SHOWN.get(row.family, _sized)
    return show(row.shown, kind)


def _float(name: str, kind: DataType) -> DataType:
    """FLOAT(p) is a float or a double; FLOAT(p,s) stays as it is."""
    if kind.scale is None and name == "FLOAT":
        return DataType(("DOUBLE" if (kind.length or 0) > _FLOAT_DIGITS else name) + _sign(kind))
    return DataType(name + _sign(kind), kind.length, kind.scale)


def _decimal(name: str, kind: DataType) -> DataType:
    return DataType(name + _sign(kind), kind.length or 10, kind.scale or 0)


def _labelled(name: str, kind: DataType) -> DataType:
    return replace(kind, name=name, labels=tuple(_escape(decode(v)) for v in kind.labels))


def _bare(name: str, _kind: DataType) -> DataType:
    return DataType(name)


def _integer(name: str, kind: DataType) -> DataType:
    """Display widths are gone since 8.0.19, but for TINYINT(1) and ZEROFILL."""
    if "ZEROFILL" in kind.name:
        return DataType(f"{name} UNSIGNED ZEROFILL", kind.length or _ZEROFILL_WIDTHS[name])
    keeps_width = name == "TINYINT" and kind.length == 1 and not _sign(kind)
    return DataType(name + _sign(kind), 1 if keeps_width else None)


def _sign(kind: DataType) -> str:
    if "ZEROFILL" in kind.name:
        return " UNSIGNED ZEROFILL"
    return " UNSIGNED" if "UNSIGNED" in kind.name else ""


def _sized(name: str, kind: DataType) -> DataType:
    """TEXT(n) and BLOB(n) are the smallest type that holds n; character set binary means bytes."""
    length, charset = kind.length, kind.charset
    if kind.base.startswith("N"):
        charset = "utf8mb3"
    if name in {"TEXT", "BLOB"} and length is not None:
        size = length * (1 if name == "BLOB" else _CHARACTER_BYTES.get(charset, 4))
        prefix = next((word for limit, word in _SIZES if size <= limit), "LONG")
        name = prefix + name
    if name.endswith(("TEXT", "BLOB")):
        length = None
    if charset == "binary":
        name, charset = _BINARY.get(name, name), ""
    return DataType(name, length or _LENGTHS.get(name), charset=charset)


_SHOWN: Mapping[str, Callable[[str, DataType], DataType]] = {
    **dict.fromkeys(("int16", "int32", "int64"), _integer),
    **dict.fromkeys(("float", "double", "real"), _float),
    **dict.fromkeys(("enum", "set"), _labelled),
    **dict.fromkeys(("year", "json"), _bare),
    "decimal": _decimal,
}
"""How a type is shown, by family; all others by their size and character set."""


def _default(default: Default | None, kind: DataType) -> Default | None:
    if default is None or default.kind == "now":
        return default
    family = TYPES[kind.base].family
    normal = _NORMAL.get(family)
    return normal(default, kind) if normal else Default("text", _escape(_plain(default)))


def _plain(default: Default) -> str:
    """What a literal says, as text."""
    if default.kind == "text":
        return decode(default.text)
    if default.kind == "word":
        return "1" if default.text == "TRUE" else "0"
    if default.kind in {"hex", "bits"}:
        return default_bytes(default).decode("utf-8", "replace")
    return default.text.removeprefix("+")


def default_bytes(default: Default) -> bytes:
    """A hex or bit literal's bytes."""
    digits = re.sub(r"^(0x|0b)|^[xXbB]'|'$", "", default.text)
    value = int(digits or "0", 16 if default.kind == "hex" else 2)
    width = -(-len(digits) // (2 if default.kind == "hex" else 8))
    return value.to_bytes(width or 1, "big")


def _number(default: Default) -> Decimal | None:
    if default.kind in {"hex", "bits"}:
        return Decimal(int.from_bytes(default_bytes(default), "big"))
    try:
        return Decimal(_plain(default).strip())
    except InvalidOperation:
        return None


def _rounded(default: Default, kind: DataType) -> Default:
    number = _number(default)
    if number is None:
        return default
    places = Decimal(1).scaleb(-(kind.scale or 0))
    return Default("text", f"{number.quantize(places, ROUND_HALF_UP, Context(prec=80)):f}")


def _bits(default: Default, _kind: DataType) -> Default:
    number = _number(default)
    return default if number is None else Default("bits", f"b'{int(number):b}'")


def _date(default: Default, _kind: DataType) -> Default:
    """MySQL takes 2020-1-2 and 20200102 too, and shows 2020-01-02."""
    text = _plain(default).strip()
    parts = re.fullmatch(r"(\d{4})\D?(\d{1,2})\D?(\d{1,2})(?: .*)?", text)
    return Default(
        "text", "-".join((parts[1], f"{parts[2]:0>2}", f"{parts[3]:0>2}")) if parts else text
    )


def _datetime(default: Default, kind: DataType) -> Default:
    text = _plain(default).strip()
    parts = re.fullmatch(r"(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d:\d\d)(\.\d*)?)?", text)
    if parts is None:
        return Default("text", "0000-00-00 00:00:00" if text == "0" else text)
    clock = parts[2] or "00:00:00"
    fraction = (parts[3] or ".")[1:].ljust(kind.length or 0, "0")[: kind.length or 0]
    return Default("text", f"{parts[1]} {clock}" + (f".{fraction}" if fraction else ""))


def _time(default: Default, kind: DataType) -> Default:
    parts = re.fullmatch(r"(-?)(\d+):(\d\d)(?::(\d\d)(\.\d*)?)?", _plain(default).strip())
    if parts is None:
        return default
    sign, hours, minutes, seconds, rest = parts.groups()
    fraction = (rest or ".")[1:].ljust(kind.length or 0, "0")[: kind.length or 0]
    clock = f"{sign}{int(hours):02}:{minutes}:{seconds or '00'}"
    return Default("text", clock + (f".{fraction}" if fraction else ""))


def _year(default: Default, _kind: DataType) -> Default:
    text = _plain(default).strip()
    if default.kind == "number" and text == "0":
        return Default("text", "0000")
    if len(text) <= 2 and text.isdigit():
        text = str(int(text) + (2000 if int(text) < 70 else 1900))
    return Default("text", text)


_NORMAL: Mapping[str, Callable[[Default, DataType], Default]] = {
    "int16": _rounded,
    "int32": _rounded,
    "int64": _rounded,
    "decimal": _rounded,
    "bit": _bits,
    "date": _date,
    "datetime": _datetime,
    "timestamp": _datetime,
    "time": _time,
    "year": _year,
}


def _escape(text: str) -> str:
    """As SHOW CREATE TABLE writes it between its quotes."""
    return (
        text.replace("\\", "\\\\")
        .replace("\0", "\\0")
        .replace("\n", "\\n")
        .replace("\r", "\\r")
        .replace("'", "''")
    )
