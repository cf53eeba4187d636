"""A walk over the tokens of one statement."""

from __future__ import annotations

from collections.abc import Sequence

from registry.derive.ddl.facts import Span
from registry.derive.ddl.lexer import Source, Token
from registry.errors import RefusedSql

_CLOSING = {"(": 1, ")": -1}


class Cursor:
    """Where the reading of a statement stands; what is not there as it must be is refused."""

    def __init__(self, source: Source, tokens: Sequence[Token]) -> None:
        self._source = source
        self._tokens = tokens
        last = tokens[-1].end
        self._end = Token("end", "", "", last)
        self.at = 0

    @property
    def token(self) -> Token:
        """The token here."""
        return self._tokens[self.at] if self.at < len(self._tokens) else self._end

    @property
    def word(self) -> str:
        """The keyword or sign here, "" for a quoted thing and at the end."""
        return self.token.word

    @property
    def is_done(self) -> bool:
        """Nothing is left."""
        return self.at >= len(self._tokens)

    def sees(self, *words: str) -> bool:
        """Whether these words come next."""
        here = self._tokens[self.at : self.at + len(words)]
        return len(here) == len(words) and all(
            token.word == word for token, word in zip(here, words, strict=True)
        )

    def take(self, *words: str) -> bool:
        """Step over these words if they come next."""
        if self.word != words[0] or (len(words) > 1 and not self.sees(*words)):
            return False
        self.at += len(words)
        return True

    def take_one(self, *words: str) -> str:
        """Step over the one of these words that comes next and return it, else ""."""
        word = self.word
        if word and word in words:
            self.at += 1
            return word
        return ""

    def need(self, *words: str) -> None:
        """Step over these words.

        Raises:
            RefusedSql: others come next.
        """
        if not self.take(*words):
            raise self.refuse(f"expected {' '.join(words)}")

    def step(self) -> Token:
        """Step over one token and return it."""
        token = self.token
        self.at += 1
        return token

    def name(self) -> str:
        """An identifier, plain or quoted."""
        token = self.token
        if token.kind == "name":
            self.at += 1
            return token.text[1:-1].replace("``", "`")
        if token.kind == "double":
            self.at += 1
            return token.text[1:-1].replace('""', '"')
        if token.kind == "word" and not token.text.startswith("@"):
            self.at += 1
            return token.text
        raise self.refuse("expected a name")

    def table_name(self, database: str) -> tuple[str, str]:
        """`db.table` or `table`, which is of `database`.

        Raises:
            RefusedSql: no database is known.
        """
        start = self.token
        first = self.name()
        if self.take("."):
            return first, self.name()
        if not database:
            self.at -= 1
            raise self._source.refuse(
                start.start, f"table {first}: no USE before it says of which database"
            )
        return database, first

    def string(self) -> str:
        """A string literal, decoded."""
        return decode(self.raw_string())

    def raw_string(self) -> str:
        """What stands between the quotes of a string literal, escapes as they are."""
        token = self.token
        if token.kind not in {"string", "double"}:
            raise self.refuse("expected a text in quotes")
        self.at += 1
        raw = token.text[1:-1]
        return raw.replace('""', '"') if token.kind == "double" else raw

    def integer(self) -> int:
        """A whole number."""
        token = self.token
        if token.kind != "number" or not token.text.isdigit():
            raise self.refuse("expected a whole number")
        self.at += 1
        return int(token.text)

    def skip_parentheses(self) -> None:
        """Step over a parenthesis and all that is in it."""
        self.need("(")
        depth = 1
        while depth:
            if self.is_done:
                raise self.refuse("a parenthesis is not closed")
            depth += _CLOSING.get(self.step().word, 0)

    def skip_rest(self) -> None:
        """Step to the end."""
        self.at = len(self._tokens)

    def skip_until(self, *words: str) -> None:
        """Step to the first of these words outside parentheses, or to the end."""
        while not self.is_done and self.word not in words:
            if self.word == "(":
                self.skip_parentheses()
            else:
                self.at += 1

    def span(self, start: int) -> Span:
        """From the token number `start` to the one before here."""
        first = self._tokens[min(start, len(self._tokens) - 1)]
        return self._source.span(first.start, self._tokens[max(self.at - 1, 0)].end)

    def refuse(self, why: str) -> RefusedSql:
        """The error for what stands here."""
        shown = self.token.text[:40].split("\n")[0] if self.token.kind != "string" else "a text"
        here = f"`{shown}`" if shown else "the end of the statement"
        return self._source.refuse(self.token.start, f"{why}, found {here}")


_ESCAPES = {"0": "\0", "n": "\n", "r": "\r", "t": "\t", "b": "\b", "Z": "\x1a"}


def decode(raw: str) -> str:
    """What a string literal says, given what stands between its quotes."""
    if "\\" not in raw and "''" not in raw:
        return raw
    parts, at = [], 0
    while at < len(raw):
        pair = raw[at : at + 2]
        if raw[at] == "\\" and len(pair) == 2:
            parts.append(pair if pair[1] in "%_" else _ESCAPES.get(pair[1], pair[1]))
            at += 2
        else:
            parts.append(raw[at])
            at += 2 if pair == "''" else 1
    return "".join(parts)
