"""`cdc policies diff`: what widens is an error, what readers notice a warning."""

import json

import pytest

from cdc.errors import ConfigError, ExitCode

OLD = {
    "id": "{class: identifier, rule: token, key: pii, type: id}",
    "a": "{class: personal, rule: drop}",
    "b": "{class: public, rule: keep}",
    "lat": "{class: quasi, rule: grid, cell: 0.05}",
    "city": "{class: quasi, rule: lookup, values: {x: X}}",
    "on": "{class: quasi, rule: date_part, part: year}",
}


def _diff(place, changes: dict[str, str | None], **file: object):
    old = _write(place, "old", OLD)
    new = _write(place, "new", {**OLD, **changes}, **file)
    result = place.run("diff", old, new, "--output", "json")
    shown = json.loads(result.stdout)
    findings = [
        (it["code"], it["severity"]) for check in shown["checks"] for it in check["findings"]
    ]
    return result.return_value, findings


def _write(place, name: str, rules: dict[str, str | None], **file: object):
    lines = "".join(f'  "{column}": {rule}\n' for column, rule in rules.items() if rule)
    path = place.write(lines, **file)
    return path.rename(path.with_name(f"{name}.yaml"))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"a": "{class: personal, rule: keep}"}, "newly-leaves"),
        ({"c": "{class: public, rule: keep}"}, "newly-leaves"),
        ({"a": "{class: personal, rule: mask, last: 1}"}, "newly-leaves"),
        ({"lat": "{class: quasi, rule: keep}"}, "clear-now"),
        ({"lat": "{class: quasi, rule: grid, cell: 0.01}"}, "finer-now"),
        ({"city": "{class: quasi, rule: lookup, values: {x: X, y: Y}}"}, "finer-now"),
        ({"on": "{class: quasi, rule: date_part, part: month}"}, "finer-now"),
        ({"a": "{class: public, rule: drop}"}, "class-lowered"),
    ],
)
def test_more_than_before_is_an_error(place, changes, code):
    """A column, a value in clear, a finer value, a lower class: exit code 1."""
    assert _diff(place, changes) == (ExitCode.FINDINGS, [(code, "error")])


@pytest.mark.parametrize(
    ("changes", "code", "severity"),
    [
        ({"b": None}, "stops-leaving", "warning"),
        ({"b": "{class: public, rule: drop}"}, "stops-leaving", "warning"),
        ({"b": "{class: public, rule: keep, as: bb}"}, "renamed", "warning"),
        ({"lat": "{class: quasi, rule: grid, cell: 0.1}"}, "other-values", "warning"),
        ({"lat": "{class: quasi, rule: band, width: 1}"}, "other-rule", "warning"),
        ({"id": "{class: identifier, rule: token, key: pii, type: x}"}, "other-values", "warning"),
        ({"a": "{class: sensitive, rule: drop}"}, "class-raised", "note"),
    ],
)
def test_what_readers_notice_is_told_and_passes(place, changes, code, severity):
    """Nothing more leaves: exit code 0."""
    assert _diff(place, changes) == (ExitCode.FINE, [(code, severity)])


def test_format_deletes_and_major_are_readers_business(place):
    """All are warnings, at the file."""
    assert _diff(place, {}, format="json", major=2, deletes="record_then_tombstone") == (
        ExitCode.FINE,
        [("format", "warning"), ("deletes", "warning"), ("major", "warning")],
    )


@pytest.mark.parametrize(
    ("old", "new", "code", "severity"),
    [
        (5, 3, "k-lowered", "error"),
        (5, None, "k-lowered", "error"),
        (None, 5, "k-raised", "note"),
        (3, 5, "k-raised", "note"),
    ],
)
def test_a_lower_k_is_an_error(place, old, new, code, severity):
    """Smaller cells than before would pass; unsaid is the lowest."""
    said = ({"k": k} if k else {} for k in (old, new))
    files = [_write(place, f"{k}", OLD, **file) for k, file in zip((old, new), said, strict=True)]
    shown = json.loads(place.run("diff", *files, "--output", "json").stdout)
    ((finding,),) = [check["findings"] for check in shown["checks"]]
    assert (finding["code"], finding["severity"]) == (code, severity)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("geohash, longitude: b, chars: 5", "geohash, longitude: b, chars: 6"),
        (
            "date_shift, subject: id, key: pii, type: x, days: 9",
            "date_shift, subject: id, key: pii, type: x, days: 8",
        ),
        (
            "date_shift, subject: id, key: pii, type: x, days: 9",
            "date_shift, subject: id, key: pii, type: x, days: 9, fixed: [1970-01-01]",
        ),
    ],
)
def test_finer_cells_shorter_shifts_and_more_fixed_days_are_errors(place, old, new):
    """More of the value comes through."""
    files = [
        _write(place, name, {**OLD, "c": f"{{class: quasi, rule: {rule}}}"})
        for name, rule in (("one", old), ("two", new))
    ]
    shown = json.loads(place.run("diff", *files, "--output", "json").stdout)
    assert [it["code"] for it in shown["checks"][0]["findings"]] == ["finer-now"]


@pytest.mark.parametrize(
    ("options", "code", "severity"),
    [
        ({"key": "[b]"}, "other-key", "warning"),
        ({"append_only": "true"}, "append-only", "warning"),
        ({"lineage": "true"}, "newly-leaves", "error"),
    ],
)
def test_options_of_the_key_and_of_lineage_are_told(place, options, code, severity):
    """Another key is readers' business; headers are more than left before."""
    end = ExitCode.FINDINGS if severity == "error" else ExitCode.FINE
    assert _diff(place, {}, **options) == (end, [(code, severity)])


def test_headers_that_do_not_leave_any_more_are_told(place):
    """Somebody may read them."""
    old = _write(place, "old", OLD, lineage="true")
    new = _write(place, "new", OLD)
    assert "stops-leaving" in place.run("diff", old, new).stdout


def test_no_difference_is_no_finding(place):
    """The same policy twice."""
    assert _diff(place, {}) == (ExitCode.FINE, [])


def test_withheld_and_dropped_are_the_same_to_readers(place):
    """A column that did not leave and does not leave is no change."""
    assert _diff(place, {"a": None}) == (ExitCode.FINE, [])


def test_two_tables_cannot_be_compared(place):
    """A mistaken argument is refused."""
    one = place.write("  a: {class: public, rule: keep}\n", "shop.a")
    other = place.write("  a: {class: public, rule: keep}\n", "shop.b")
    assert isinstance(place.run("diff", one, other).exception, ConfigError)
