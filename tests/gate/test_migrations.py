"""Folders of migrations are read in the order and with the part that their tool runs."""

import pytest

from cdc.errors import ConfigError
from cdc.gate import read_steps
from registry.derive.ddl import Catalogue

CREATE = "CREATE TABLE s.t (a INT);"


@pytest.mark.parametrize(
    ("files", "order"),
    [
        (["10_b.sql", "9_a.sql", "notes.txt"], ["9_a.sql", "10_b.sql"]),
        (
            ["V10__b.sql", "V2.1__a.sql", "V2__x.sql", "R__view.sql", "U2__undo.sql"],
            ["V2__x.sql", "V2.1__a.sql", "V10__b.sql", "R__view.sql"],
        ),
        (
            ["000002_b.up.sql", "000002_b.down.sql", "000001_a.up.sql"],
            ["000001_a.up.sql", "000002_b.up.sql"],
        ),
    ],
)
def test_files_run_in_their_tools_order(tmp_path, files, order) -> None:
    """By number or version; what goes back or is no SQL is left out."""
    for name in files:
        (tmp_path / name).write_text(CREATE)
    assert [step.name for step in read_steps(tmp_path)] == order


@pytest.mark.parametrize(
    "text",
    [
        f"-- migrate:up\n{CREATE}\n-- migrate:down\nDROP TABLE s.t;\n",
        (
            f"-- +goose Up\n-- +goose StatementBegin\n{CREATE}\n-- +goose StatementEnd\n"
            "-- +goose Down\nDROP TABLE s.t;\n"
        ),
        f"--liquibase formatted sql\n--changeset a:1\n{CREATE}\n--rollback DROP TABLE s.t;\n",
        (
            "--liquibase formatted sql\n--changeset a:1 endDelimiter://\n"
            f"{CREATE[:-1]}//\n--changeset a:2\nINSERT INTO s.t VALUES (1);\n"
        ),
        (
            "CREATE TABLE s.alembic_version (version_num VARCHAR(32) NOT NULL);\n"
            f"-- Running upgrade  -> 1a2b\n{CREATE}\n"
            "INSERT INTO s.alembic_version (version_num) VALUES ('1a2b');\n"
        ),
    ],
    ids=["dbmate", "goose", "liquibase", "liquibase-delimiter", "alembic"],
)
def test_only_the_way_forward_runs(tmp_path, text) -> None:
    """What a tool would run to go back does not; lines stay where they are."""
    (tmp_path / "1.sql").write_text(text)
    (step,) = read_steps(tmp_path)
    catalogue = Catalogue()
    changes = list(catalogue.run(step.source))
    assert "s.t" in catalogue.tables
    line = text[: text.index("CREATE TABLE s.t ")].count("\n") + 1
    assert changes[-1].span.line == line


def test_what_has_no_order_or_no_sql_is_refused(tmp_path) -> None:
    """Two files of one version, and a folder where nothing runs."""
    with pytest.raises(ConfigError, match=r"no \*\.sql"):
        read_steps(tmp_path)
    for name in ("V1__a.sql", "V1.0__b.sql", "V1__c.sql"):
        (tmp_path / name).write_text(CREATE)
    with pytest.raises(ConfigError, match=r"V1__a\.sql and V1__c\.sql have the same version"):
        read_steps(tmp_path)
