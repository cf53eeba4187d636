"""Nothing personal leaves: every byte of the governed side and of the logs is looked at."""

import json
import re

import pytest

from tests.end_to_end.conftest import Governed
from tests.end_to_end.reading import USERS, Governance

pytestmark = pytest.mark.stack


def _seeded(stack: Governed) -> tuple[set[int], set[str]]:
    """Ids, and every personal text of the table."""
    with stack.mysql() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id, first_name, last_name, email, residence FROM users")
        rows = cursor.fetchall()
    ids = {row[0] for row in rows}
    return ids, {str(text) for row in rows for text in row[1:] if text}


def _whole_word(texts: set[str]) -> re.Pattern[bytes]:
    """Finds any of the texts where it stands by itself: `Das` is no part of a token."""
    longest_first = sorted(texts, key=len, reverse=True)
    words = b"|".join(re.escape(text.encode()) for text in longest_first)
    return re.compile(rb"(?<![A-Za-z0-9])(?:" + words + rb")(?![A-Za-z0-9])")


def test_governed_topic_and_dead_letters_hold_no_personal_text(governed):
    """No name, e-mail or residence stands in any byte of key, value or header."""
    _, texts = _seeded(governed)
    personal = _whole_word(texts)
    for topic in (USERS, "governed.dlq", "_cdc.status", "_cdc.state"):
        reading = governed.kafka.reader().read_to_end(topic, headers=True)
        for record in reading:
            parts = [record.key, record.value, *(value for _, value in record.headers)]
            for part in parts:
                assert not personal.search(part or b""), f"{topic} offset {record.offset}"


def test_no_governed_field_equals_a_raw_id(governed):
    """The id is a token wherever it stands."""
    ids, _ = _seeded(governed)
    for record in Governance(governed).read(USERS):
        assert record.key["id"].startswith("v1.")
        shown = [record.value["id"]] if record.value else []
        assert not {str(number) for number in ids} & {record.key["id"], *shown}


def test_logs_hold_no_personal_text(governed):
    """No log file of any part quotes a row."""
    _, texts = _seeded(governed)
    personal = _whole_word({text for text in texts if len(text) > 6})
    for log in (governed.settings.stack_dir / "logs").iterdir():
        assert not personal.search(log.read_bytes()), log.name


def test_secrets_are_in_their_files_only(governed):
    """No password and no key stands in a log, a generated configuration or a command line."""
    folder = governed.settings.stack_dir
    secrets = [
        line.partition("=")[2].strip().strip('"').encode()
        for file in (folder / "secrets").iterdir()
        for line in file.read_text().splitlines()
        if len(line.partition("=")[2].strip()) > 10
    ]
    assert len(secrets) >= 5
    for place in [*(folder / "logs").iterdir(), *(folder / "etc").iterdir()]:
        held = place.read_bytes()
        assert not any(secret in held for secret in secrets), place.name
    assert (folder / "secrets").stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in (folder / "secrets").iterdir()} == {0o600}


def test_the_running_stack_shows_none_of_its_hidden_values(governed):
    """`cdc prove --live`: every surface of the running stack, for what the policies hold back."""
    proof = json.loads(governed.run("prove", "--live", "--output", "json").stdout)
    assert proof["ok"]
    assert proof["leaks"] == []
    sought = {(each["sort"], each["kind"]) for each in proof["planted"]}
    assert {("hidden", "VARCHAR"), ("hidden", "DECIMAL")} <= sought
    assert {"registry", "log files", "command line"} <= {at["surface"] for at in proof["looked"]}
