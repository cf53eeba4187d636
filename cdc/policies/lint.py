"""What is wrong with policies, beyond what stops them from being read.

`LINTS` is the table of what is looked for: a code, how bad it is, what it means and the function
that finds it. A lint that needs MySQL finds nothing where the table's shape is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from cdc.errors import ConfigError
from cdc.findings import Check, Finding, Location, Report, Severity
from cdc.keys import KeyRing
from cdc.policies.lint_model import Flaw, Lint, Subject
from cdc.policies.option_lints import OPTION_LINTS
from cdc.privacy.plan import KEY_RULES, bind_rule
from cdc.privacy.policy import Policy, load_policy
from cdc.privacy.transforms.rule import RefusedRuleError, Rule
from registry.derive.table import Column, Table

COMMAND = "cdc policies lint"
_PRIVATE = frozenset({"identifier", "personal", "sensitive"})
_MOMENTS = frozenset({"date", "timestamp", "local_timestamp"})


def _unknown_columns(subject: Subject) -> Iterator[Flaw]:
    if subject.table is None:
        return
    for name in subject.rules:
        if subject.column(name) is None:
            yield Flaw(name, "MySQL has no such column", "mend the name, or take the line out")


def _missing_rules(subject: Subject) -> Iterator[Flaw]:
    for column in subject.table.columns if subject.table else ():
        if column.name not in subject.rules:
            yield Flaw(
                column.name,
                "the column has no class and no rule, so it is withheld",
                "say what it is; `rule: drop` where it must stay",
            )


def _unknown_keys(subject: Subject) -> Iterator[Flaw]:
    for name, rule in subject.rules.items():
        key = getattr(rule, "key", None)
        if key is not None and subject.keys is not None and key not in subject.keys:
            yield Flaw(
                name,
                f"rule `{rule.rule}` needs key `{key}`, which the key file does not have",
                f"cdc policies keys generate {key}",
            )


def _refused_rules(subject: Subject) -> Iterator[Flaw]:
    for name, rule in subject.rules.items():
        column = subject.column(name)
        if subject.table is None or column is None or rule.drops:
            continue
        why = _refusal(subject, subject.table, column, rule)
        if why:
            yield Flaw(name, why, "choose a rule that acts on this column, or `drop`")


def _refusal(subject: Subject, table: Table, column: Column, rule: Rule) -> str:
    """Why a rule cannot act on a column; nothing where it can or its key is not known."""
    if column.name in table.key and not rule.injective:
        return f"rule `{rule.rule}` on a key column could make two rows one: {', '.join(KEY_RULES)}"
    if getattr(rule, "key", None) is not None and rule.key not in (subject.keys or {}):  # type: ignore[attr-defined]
        return ""
    try:
        bind_rule(table, column, rule, subject.keys or {}, subject.namespace)
    except RefusedRuleError as error:
        return str(error)
    return ""


def _hidden_keys(subject: Subject) -> Iterator[Flaw]:
    for name in subject.key:
        rule = subject.rules.get(name)
        if rule is not None and rule.drops:
            yield Flaw(
                name,
                "a key column does not leave, so the governed topic would have no key",
                f"one of the rules {', '.join(KEY_RULES)}",
            )


def _clear_keys(subject: Subject) -> Iterator[Flaw]:
    for name, rule in subject.rules.items():
        if name in subject.key and rule.rule == "keep" and rule.class_ in _PRIVATE:
            yield Flaw(
                name,
                f"the key stays in clear though its class is `{rule.class_}`",
                "`token` or `encrypt`",
                "It stands in the key of every record, tombstones included.",
            )


def _kept_personal(subject: Subject) -> Iterator[Flaw]:
    for name, rule in subject.rules.items():
        is_kept = rule.rule == "keep" and name not in subject.key
        if is_kept and rule.class_ in {"personal", "sensitive"}:
            yield Flaw(
                name,
                f"a `{rule.class_}` column leaves as it is",
                "another rule, or the class that it really has",
            )


def _kept_identifiers(subject: Subject) -> Iterator[Flaw]:
    for name, rule in subject.rules.items():
        if rule.rule == "keep" and rule.class_ == "identifier" and name not in subject.key:
            yield Flaw(
                name,
                "an identifier leaves as it is",
                "`token` where readers only join by it",
                "Who knows it elsewhere knows whose row this is.",
            )


def _bare_quasi(subject: Subject) -> Iterator[Flaw]:
    bare = [n for n, rule in subject.rules.items() if rule.class_ == "quasi" and rule.injective]
    if len(bare) > 1:
        yield Flaw(
            bare[0],
            f"quasi-identifiers leave without being made coarser: {', '.join(bare)}",
            "`band`, `grid`, `date_part`, `truncate` or `lookup` for all but one",
            "Together they can name one person, though none of them does alone.",
        )


def _empty_cells(subject: Subject) -> Iterator[Flaw]:
    file = subject.policy.file
    if file.k is not None and not file.quasi:
        yield Flaw(
            "",
            "the policy says `k`, and no column of class `quasi` leaves",
            "class the columns that could name a person together `quasi`, or take `k` out",
        )


def _visible_rank(subject: Subject) -> Iterator[Flaw]:
    hidden = any(n in subject.rules and subject.rules[n].rule != "keep" for n in subject.key)
    kept = [
        name
        for name, rule in subject.rules.items()
        if rule.rule == "keep" and (column := subject.column(name)) and _is_moment(column)
    ]
    if hidden and kept:
        yield Flaw(
            kept[0],
            f"the key is hidden, and the times in {', '.join(kept)} tell about when it was given",
            "`date_part` where readers do not need the moment",
        )


def _is_moment(column: Column) -> bool:
    return column.type is not None and column.type.kind in _MOMENTS


_ERROR, _WARNING, _NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE

LINTS: Sequence[Lint] = (
    Lint(
        "unknown-column",
        _ERROR,
        "MySQL has no column of that name",
        _unknown_columns,
        needs_mysql=True,
    ),
    Lint(
        "missing-rule",
        _ERROR,
        "a column of the table is withheld",
        _missing_rules,
        needs_mysql=True,
    ),
    Lint(
        "unknown-key", _ERROR, "a rule names a key that the key file does not have", _unknown_keys
    ),
    Lint(
        "refused-rule", _ERROR, "a rule cannot act on its column", _refused_rules, needs_mysql=True
    ),
    Lint("hidden-key", _ERROR, "a key column is dropped", _hidden_keys, needs_mysql=True),
    Lint(
        "clear-key",
        _ERROR,
        "a key in clear is an identifier or personal",
        _clear_keys,
        needs_mysql=True,
    ),
    Lint("kept-personal", _ERROR, "a personal or sensitive column is kept", _kept_personal),
    Lint("bare-quasi", _ERROR, "two or more quasi-identifiers, none made coarser", _bare_quasi),
    Lint("k-without-quasi", _ERROR, "`k` is said, and no quasi-identifier leaves", _empty_cells),
    Lint("kept-identifier", _WARNING, "an identifier is kept", _kept_identifiers),
    Lint(
        "visible-rank",
        _NOTE,
        "kept times tell the rank of a hidden key",
        _visible_rank,
        needs_mysql=True,
    ),
    *OPTION_LINTS,
)

MALFORMED = "malformed-policy"
UNKNOWN_TABLE = "unknown-table"


def load_each(folder: Path) -> tuple[list[Policy], list[Check]]:
    """The policies of a folder that can be read, and a failed check for each other file.

    Raises:
        ConfigError: there is no such folder.
    """
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such folder of policies", hint="setting policies.dir")
    policies: list[Policy] = []
    broken = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            policy = load_policy(path)
            _refuse_second(policy, policies)
            policies.append(policy)
        except ConfigError as error:
            broken.append(_malformed(path, error))
    return policies, broken


def _refuse_second(policy: Policy, earlier: Sequence[Policy]) -> None:
    for other in earlier:
        if other.table == policy.table:
            raise ConfigError(f"{policy.path}: {other.path} speaks of this table too")


def _malformed(path: Path, error: ConfigError) -> Check:
    finding = Finding(
        MALFORMED,
        "the relay refuses this file",
        error.message.replace("; ", "\n"),
        "see docs/policies.md",
        location=Location(str(path)),
        subject=path.stem,
    )
    return Check(str(path), (finding,))


def lint_policies(
    folder: Path,
    read_tables: Callable[[Sequence[str]], Mapping[str, Table | None]] | None,
    keys: KeyRing | None,
    namespace: str,
) -> Report:
    """Every policy of a folder; `read_tables` None: offline, what needs MySQL is left out.

    Raises:
        ConfigError: there is no such folder.
    """
    policies, broken = load_each(folder)
    tables = read_tables([p.table for p in policies]) if read_tables else None
    checks = [_check(policy, tables, keys, namespace) for policy in policies]
    return Report(COMMAND, (*checks, *broken))


def _check(
    policy: Policy,
    tables: Mapping[str, Table | None] | None,
    keys: KeyRing | None,
    namespace: str,
) -> Check:
    if tables is None:
        found = _look(Subject(policy, None, keys, namespace))
        return Check(policy.table, tuple(found), "without MySQL")
    table = tables[policy.table]
    if table is None:
        return Check(policy.table, (_unknown_table(policy),))
    return Check(policy.table, tuple(_look(Subject(policy, table, keys, namespace))))


def _unknown_table(policy: Policy) -> Finding:
    return Finding(
        UNKNOWN_TABLE,
        f"MySQL has no table {policy.table}, or the user may not see it",
        remedy="mend `table`, or grant SELECT",
        location=Location(str(policy.path)),
        subject=policy.table,
    )


def _look(subject: Subject) -> Iterator[Finding]:
    for lint in LINTS:
        for flaw in lint.find(subject):
            yield _finding(lint, subject.policy, flaw)


def _finding(lint: Lint, policy: Policy, flaw: Flaw) -> Finding:
    line = policy.lines.get(flaw.column, 0)
    place = f"{policy.table}.{flaw.column}" if flaw.column else policy.table
    return Finding(
        lint.code,
        f"{place}: {flaw.title}",
        flaw.message,
        flaw.remedy,
        lint.severity,
        Location(str(policy.path), line),
        place,
    )
