"""What is wrong with a policy's options: the key of a table without one, lineage, folding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cdc.errors import TableStopped
from cdc.findings import Severity
from cdc.policies.lint_model import Flaw, Lint, Subject
from cdc.privacy.keying import give_key
from cdc.privacy.transforms.token import Token


def _no_key(subject: Subject) -> Iterator[Flaw]:
    yield from _refused_key(subject, "no_key")


def _refused_options(subject: Subject) -> Iterator[Flaw]:
    yield from _refused_key(subject, "refused_rule")


def _refused_key(subject: Subject, code: str) -> Iterator[Flaw]:
    """What the relay would stop the table for."""
    if subject.table is None:
        return
    try:
        give_key(subject.table, subject.policy)
    except TableStopped as stopped:
        if stopped.code == code:
            title = stopped.message.removeprefix(f"{subject.table.qualified}: ")
            yield Flaw("", title, stopped.hint or "mend `key`")


def _nullable_keys(subject: Subject) -> Iterator[Flaw]:
    for name in subject.policy.file.key:
        column = subject.column(name)
        if column is not None and column.nullable:
            yield Flaw(
                name,
                "a column of `key` can be NULL",
                "make it NOT NULL where it never is",
                "Each row with a NULL there becomes a dead letter (`null_key`).",
            )


def _hidden_lineage(subject: Subject) -> Iterator[Flaw]:
    hidden = [n for n in subject.key if n in subject.rules and subject.rules[n].rule != "keep"]
    if subject.policy.file.lineage and hidden:
        yield Flaw(
            hidden[0],
            "`lineage` would tell the rank of the hidden key",
            "take `lineage` out, or keep the key in clear",
            "A header has the raw offset, and a snapshot reads rows in the order of their key.",
        )


def _unfolded_emails(subject: Subject) -> Iterator[Flaw]:
    for name, rule in subject.rules.items():
        is_email = isinstance(rule, Token) and rule.type == "email" and not rule.fold
        if is_email and name not in subject.key:
            yield Flaw(
                name,
                "a token of type `email` without `fold` tells spellings of one address apart",
                "`fold: true`, in every table whose addresses are to join",
            )


_ERROR, _WARNING = Severity.ERROR, Severity.WARNING

OPTION_LINTS: Sequence[Lint] = (
    Lint(
        "no-key",
        _ERROR,
        "the table has no primary key, and the policy names none",
        _no_key,
        needs_mysql=True,
    ),
    Lint(
        "refused-option",
        _ERROR,
        "`key` or `append_only` for a table that has a key",
        _refused_options,
        needs_mysql=True,
    ),
    Lint(
        "hidden-lineage",
        _ERROR,
        "`lineage` where a key is hidden",
        _hidden_lineage,
        needs_mysql=True,
    ),
    Lint(
        "nullable-key",
        _WARNING,
        "a column that the policy names as key can be NULL",
        _nullable_keys,
        needs_mysql=True,
    ),
    Lint("unfolded-email", _WARNING, "a token of an e-mail depends on its case", _unfolded_emails),
)
