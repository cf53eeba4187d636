"""A first policy of a table: what can be guessed is guessed, and nothing guessed leaves.

Only the key's lines are in force, as tokens. Every other line is a comment until a person takes
the `# ` away. What was guessed from stands beside it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import TypeAdapter

from cdc.errors import ConfigError
from cdc.keys import Key
from cdc.privacy.transforms import AnyRule
from cdc.privacy.transforms.rule import Context, RefusedRuleError
from cdc.providers import KEY_BYTES
from registry.derive.table import Column, Table

KEY = "pii"
_RULE: TypeAdapter[AnyRule] = TypeAdapter(AnyRule)
_TRIAL = {KEY: Key(KEY, 1, {1: bytes(KEY_BYTES)})}
_PLAIN_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_YAML_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
_PII_TAG = re.compile(r"\bpii:\s*([\w-]+)", re.IGNORECASE)

Parameters = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Guess:
    """A class and the rules that suit it, the best first; `{name}` in a parameter is a type."""

    class_: str
    rules: Sequence[Parameters]


_DROP: Parameters = {"rule": "drop"}
_KEEP: Parameters = {"rule": "keep"}
_TOKEN: Parameters = {"rule": "token", "key": KEY, "type": "{name}"}

GUESSES: Mapping[str, Guess] = {
    "public": Guess("public", [_KEEP]),
    "email": Guess("identifier", [{**_TOKEN, "type": "email", "fold": True}]),
    "phone": Guess("identifier", [{**_TOKEN, "type": "phone"}]),
    "id": Guess("identifier", [_TOKEN]),
    "name": Guess("personal", [_DROP]),
    "address": Guess("personal", [_DROP]),
    "postcode": Guess("quasi", [{"rule": "truncate", "chars": 3}]),
    "location": Guess("quasi", [{"rule": "grid", "cell": 0.05}]),
    "birth": Guess("quasi", [{"rule": "date_part", "part": "year"}]),
    "age": Guess("quasi", [{"rule": "band", "width": 10}]),
    "card": Guess("sensitive", [{"rule": "mask", "last": 4}]),
    "secret": Guess("sensitive", [_DROP]),
    "nature": Guess("sensitive", [_DROP]),
    "network": Guess("identifier", [_TOKEN]),
    "text": Guess("personal", [_DROP]),
}
"""What a column may be, by the word that a `pii:` tag uses for it."""

NAMES: Sequence[tuple[str, str]] = (
    (r"e_?mail", "email"),
    (r"phone|mobile|fax|msisdn", "phone"),
    (r"passw(or)?d|secret|token|hash|salt|pin|otp|api_?key", "secret"),
    (r"ssn|passport|national_id|tax_?(id|no)|iban|card(_?(no|number))?|pan|cvv", "card"),
    (r"gender|sex|religion|race|ethnic\w*|health|diagnos\w*|disabilit\w*|politic\w*", "nature"),
    (r"ip|ip_?addr\w*|mac|device|user_?agent|cookie|session", "network"),
    (r"birth\w*|born|dob", "birth"),
    (r"age", "age"),
    (r"lat|lon|lng|latitude|longitude", "location"),
    (r"zip|postcode|postal", "postcode"),
    (r"address|street|residence|city|house", "address"),
    (r"(first|last|full|middle|maiden|sur|nick|user|display)_?name|surname|login|contact", "name"),
    (r"(note|comment|message|remark|description|bio|about)s?", "text"),
    (r"id|uuid|guid", "id"),
    (r"created|updated|deleted|modified|price|amount|quantity|qty|total|status|category", "public"),
    (r"type|kind|currency|version|image|is|has|count|stock", "public"),
)
"""Words of a column's name, the most telling first."""


def write_first_policy(table: Table) -> str:
    """The text of a policy file.

    Raises:
        ConfigError: the table has no key, or one that no token can be made of.
    """
    if not table.key:
        raise ConfigError(
            f"{table.qualified}: the table has no primary key",
            hint="write the policy by hand, with `key: [columns]` or `append_only: true`",
        )
    lines = [
        f"# A first policy of {table.qualified}, guessed from names, types and comments.",
        "# Nothing guessed leaves. Confirm a line by taking its `# ` away, after a look at it.",
        f"table: {_quoted(table.qualified)}",
        "format: avro",
        "columns:",
    ]
    for column in table.columns:
        lines += _key_lines(table, column) if column.name in table.key else _lines(table, column)
    return "\n".join(lines) + "\n"


def _key_lines(table: Table, column: Column) -> Iterator[str]:
    rule = {**_TOKEN, "type": _semantic_type(table, column)}
    if not _binds(rule, "identifier", column, is_key=True):
        raise ConfigError(
            f"{table.qualified}.{column.name}: no token can be made of key type"
            f" {column.type or column.mysql_type}",
            hint="write the policy by hand",
        )
    yield "  # key: part of every record's key"
    yield f"  {_line(column, 'identifier', rule)}"


def _lines(table: Table, column: Column) -> Iterator[str]:
    word, why = _guess(column)
    guess = GUESSES.get(word)
    if guess is None:
        yield f"  # not guessed: {_described(column)}"
        yield f"  # {_quoted(column.name)}: {{class: , rule: }}"
        return
    yield f"  # guessed: {word}, from its {why}; {_described(column)}"
    yield f"  # {_line(column, guess.class_, _fitting(guess, table, column))}"


def _guess(column: Column) -> tuple[str, str]:
    """A word of `GUESSES` and what told; an unknown `pii:` tag means personal at least."""
    tag = _PII_TAG.search(column.comment)
    if tag:
        word = tag[1].lower()
        told = {"none": "public", "no": "public"}.get(word, _by_name(word) or "text")
        return told if word not in GUESSES else word, "comment"
    return _by_name(column.name), "name"


def _by_name(name: str) -> str:
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    snake = re.sub(r"\W+", "_", snake)
    for pattern, word in NAMES:
        if re.search(rf"(?:^|_)(?:{pattern})(?:_|\d|$)", snake):
            return word
    return ""


def _fitting(guess: Guess, table: Table, column: Column) -> Parameters:
    """The first rule of the guess that can act on the column; else it stays."""
    for rule in guess.rules:
        named = {
            key: _semantic_type(table, column) if value == "{name}" else value
            for key, value in rule.items()
        }
        if _binds(named, guess.class_, column):
            return named
    return _DROP


def _binds(rule: Parameters, class_: str, column: Column, *, is_key: bool = False) -> bool:
    if column.type is None:
        return False
    made = _RULE.validate_python({"class": class_, **rule})
    try:
        made.bind(Context(column.type, _TRIAL, "governed", is_key))
    except RefusedRuleError:
        return False
    return True


def _semantic_type(table: Table, column: Column) -> str:
    """`users.id` and `orders.user_id` are one type, so that their tokens join."""
    name = column.name.lower()
    if name in {"id", "uuid", "guid"}:
        name = f"{table.name.lower().removesuffix('s')}_{name}"
    safe = re.sub(r"[^a-z0-9_]", "_", name)
    return safe if re.match("[a-z]", safe) else f"c_{safe}"


def _line(column: Column, class_: str, rule: Parameters) -> str:
    shown = ", ".join(f"{key}: {json.dumps(v).strip(chr(34))}" for key, v in rule.items())
    return f"{_quoted(column.name)}: {{class: {class_}, {shown}}}"


def _described(column: Column) -> str:
    """MySQL's type; a comment of the column is a person's text and stays out."""
    return f"{column.mysql_type or column.type}{'' if column.nullable else ' NOT NULL'}"


def _quoted(name: str) -> str:
    is_plain = all(
        _PLAIN_NAME.fullmatch(part) and part.lower() not in _YAML_WORDS for part in name.split(".")
    )
    return name if is_plain else json.dumps(name)
