"""SQL text cut into statements and tokens, as MySQL's client and server cut it.

Comments go, conditional comments (`/*!80023 … */`) stay, DELIMITER is obeyed, and the body of a
stored program is one statement even without it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from registry.derive.ddl.facts import Span
from registry.errors import RefusedSql

SERVER_VERSION = 90700
"""Conditional comments for this version of MySQL and older ones are executed."""

# Possessive, so that no input makes it look twice at a character.
_TOKEN = re.compile(
    r"""
    (?P<space>\s++|--(?=\s|$)[^\n]*+|\#[^\n]*+)
  | (?P<open>/\*!(?P<version>\d{5,6})?)
  | (?P<close>\*/)
  | (?P<comment>/\*(?:[^*]++|\*(?!/))*+\*/)
  | (?P<string>'(?:[^'\\]++|\\.|'')*+')
  | (?P<double>"(?:[^"\\]++|\\.|"")*+")
  | (?P<name>`(?:[^`]++|``)++`)
  | (?P<hex>[xX]'[^']*+'|0x[0-9a-fA-F]++(?![\w$]))
  | (?P<bits>[bB]'[^']*+'|0b[01]++(?![\w$]))
  | (?P<number>(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][+-]?\d++)?(?![\w$]))
  | (?P<word>[\w$@]++)
  | (?P<op>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_DELIMITER = re.compile(r"DELIMITER[ \t]+(\S+)[^\n]*", re.IGNORECASE)
_PROGRAMS = {"PROCEDURE", "FUNCTION", "TRIGGER", "EVENT"}
_BLOCK_ENDS = {"IF", "LOOP", "WHILE", "REPEAT"}
_BLOCKS = {"BEGIN", "CASE", "END", *_BLOCK_ENDS}
# Statements that can be large and are not read: their tokens need not be told apart.
_DATA = {"INSERT", "REPLACE", "UPDATE", "DELETE", "SELECT", "WITH", "LOAD", "("}
_LEAP = re.compile(r"(?:[^;'\"`/#*-]++|'(?:[^'\\]++|\\.|'')*+'|-(?!-))++", re.DOTALL)
_SKIPPED = {"space", "comment"}
_MARKS = {"open", "version", "close"}


class Token(NamedTuple):
    """A token; `word` is what keywords are compared with: upper case, "" for quoted things."""

    kind: str
    text: str
    word: str
    start: int

    @property
    def end(self) -> int:
        """Behind its last character."""
        return self.start + len(self.text)


class Source:
    """A file's text and its line starts."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, from 1."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def line(self, number: int) -> str:
        """The text of a line, without its end; bytes that are not UTF-8 are question marks."""
        end = self._starts[number] - 1 if number < len(self._starts) else len(self.text)
        return self.text[self._starts[number - 1] : end].encode("utf-8", "replace").decode()

    def span(self, start: int, end: int) -> Span:
        """The piece between two offsets."""
        return Span(self.file, *self.place(start), *self.place(end))

    def refuse(self, offset: int, why: str) -> RefusedSql:
        """The error for what stands at an offset."""
        return RefusedSql(f"{self.file}:{self.place(offset)[0]}: {why}")


def read_source(file: str, content: bytes) -> Source:
    """A file's bytes as text; bytes that are not UTF-8 stay marked and are refused where they tell.

    Line ends become those of Unix, a byte order mark goes.
    """
    text = content.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    return Source(file, text.replace("\r\n", "\n"))


def split_statements(source: Source) -> Iterator[list[Token]]:
    """The tokens of each statement, empty ones left out.

    Raises:
        RefusedSql: a quote, a comment or a stored program's body is not closed.
    """
    return _Splitter(source).run()


class _Splitter:
    """Where the cutting of a text stands."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._offset = 0
        self._delimiter = ";"
        self._depth = 0
        self._is_conditional = False
        self._statement: list[Token] = []

    def run(self) -> Iterator[list[Token]]:
        text, end = self._source.text, len(self._source.text)
        while self._offset < end:
            if self._step(text) and self._statement:
                yield self._statement
                self._statement = []
        if self._is_conditional:
            raise self._source.refuse(end, "a conditional comment is not closed")
        if self._statement:
            if self._depth > 0:
                start = self._statement[0].start
                raise self._source.refuse(start, "the body of a stored program is not closed")
            yield self._statement

    def _step(self, text: str) -> bool:
        """Step over one piece of text; whether it ended a statement."""
        start = self._offset
        if self._delimiter != ";" and text.startswith(self._delimiter, start):
            self._offset += len(self._delimiter)
            self._depth = 0
            return True
        if self._leap(text):
            return False
        match = _TOKEN.match(text, start)
        assert match is not None  # noqa: S101 -- `op` takes any character
        self._offset = match.end()
        kind = match.lastgroup or ""
        if match[0] == ";" and self._delimiter == ";":
            return self._depth <= 0
        if kind in _MARKS:
            self._mark(match)
        elif kind == "word" and self._delimiter in match[0]:
            self._cut(match)
        elif kind not in _SKIPPED:
            self._add(_token(self._source, kind, match[0], start))
        return False

    def _leap(self, text: str) -> bool:
        """Step over what needs no telling apart in a statement that is not read."""
        if self._delimiter != ";" or not self._statement:
            return False
        leap = _LEAP.match(text, self._offset) if self._statement[0].word in _DATA else None
        if leap is not None:
            self._offset = leap.end()
        return leap is not None

    def _cut(self, match: re.Match[str]) -> None:
        """A word with a delimiter of its own characters in it, as `END$$`."""
        word = match[0].partition(self._delimiter)[0]
        self._offset = match.start() + len(word)
        if word:
            self._add(_token(self._source, "word", word, match.start()))

    def _mark(self, match: re.Match[str]) -> None:
        """Either end of a conditional comment."""
        if match[0] != "*/":
            self._offset, self._is_conditional = _open(
                self._source, match, inside=self._is_conditional
            )
        elif self._is_conditional:
            self._is_conditional = False
        else:
            raise self._source.refuse(match.start(), "the end of a comment that does not begin")

    def _add(self, token: Token) -> None:
        if not self._statement and token.word == "DELIMITER":
            command = _DELIMITER.match(self._source.text, token.start)
            if command is None:
                raise self._source.refuse(token.start, "DELIMITER without a delimiter")
            self._delimiter, self._offset = command[1], command.end()
            return
        self._statement.append(token)
        if token.word in _BLOCKS:
            self._depth += _deeper(self._statement)


def _open(source: Source, match: re.Match[str], *, inside: bool) -> tuple[int, bool]:
    """Behind a conditional comment's opening, or behind all of it where it is not executed."""
    if match["version"] is None or int(match["version"]) <= SERVER_VERSION:
        if inside:
            raise source.refuse(match.start(), "a conditional comment inside another")
        return match.end(), True
    end = source.text.find("*/", match.end())
    if end < 0:
        raise source.refuse(match.start(), "a comment is not closed")
    return end + 2, inside


def _token(source: Source, kind: str, text: str, start: int) -> Token:
    if kind == "word" or (kind == "op" and text not in "'\"`"):
        if kind == "op" and source.text.startswith("/*", start):
            raise source.refuse(start, "a comment is not closed")
        return Token(kind, text, text.upper(), start)
    if kind == "op":
        raise source.refuse(start, f"the quote {text} is not closed")
    return Token(kind, text, "", start)


def _is_program(statement: list[Token]) -> bool:
    head = [token.word for token in statement[:12]]
    return (
        head[0] == "CREATE"
        and any(word in _PROGRAMS for word in head if word not in {"TABLE", "VIEW", "USER"})
        and "TABLE" not in head[1:4]
    )


def _deeper(statement: list[Token]) -> int:
    """What the last token of a stored program adds to the depth of its blocks.

    `END IF` and its like close what was not counted: the END before has taken one off.
    """
    word = statement[-1].word
    before = statement[-2].word if len(statement) > 1 else ""
    if not _is_program(statement):
        return 0
    if before == "END" and word in _BLOCK_ENDS:
        return 1
    if word in _BLOCK_ENDS or (before == "END" and word == "CASE"):
        return 0
    return -1 if word == "END" else 1
