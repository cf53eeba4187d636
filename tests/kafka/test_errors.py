from __future__ import annotations

import pytest
from confluent_kafka import KafkaError, KafkaException

from cdc.errors import ConfigError, ExitCode, FatalError, TransientError, Unreachable
from cdc.kafka.errors import HINTS, OUTCOME_OF_CODE, TABLE, Door, Outcome, Refused, outcome_of

DOOR = Door("kafka.example:9092")


def known_codes() -> dict[str, int]:
    """Every code of the installed client."""
    named = {name: getattr(KafkaError, name) for name in dir(KafkaError)}
    return {
        name: code for name, code in named.items() if name.strip("_").isupper() and name[:2] != "__"
    }


def test_every_code_has_exactly_one_row() -> None:
    """A new client's codes must be judged here before it is used; no row names two."""
    names = [name for row in TABLE.values() for name in row.split()]
    assert len(names) == len(set(names))
    assert set(known_codes()) - set(names) == set()
    assert set(known_codes().values()) == set(OUTCOME_OF_CODE)


def test_every_outcome_has_a_row_and_a_hint() -> None:
    """The table and the hints are complete."""
    assert set(TABLE) == set(HINTS) == set(Outcome)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (KafkaError(KafkaError._TIMED_OUT, fatal=True), Outcome.STOP),
        (KafkaError(KafkaError._FENCED), Outcome.STOP),
        (KafkaError(KafkaError.PRODUCER_FENCED, txn_requires_abort=True), Outcome.RETRY),
        (KafkaError(KafkaError._TIMED_OUT, retriable=True), Outcome.RETRY),
        (KafkaError(KafkaError._TRANSPORT), Outcome.UNREACHABLE),
        (KafkaError(KafkaError._TRANSPORT, retriable=True), Outcome.RETRY),
        (KafkaError(KafkaError.MSG_SIZE_TOO_LARGE, txn_requires_abort=True), Outcome.REFUSED),
        (KafkaError(KafkaError.INVALID_REPLICATION_FACTOR), Outcome.WRONG_SETTING),
        (KafkaError(99_999), Outcome.STOP),
        (KafkaError(99_999, retriable=True), Outcome.RETRY),
    ],
)
def test_flags_go_before_rows(error: KafkaError, outcome: Outcome) -> None:
    """Fatal before all; what only an abort heals is retried; unknown codes stop."""
    assert outcome_of(error) is outcome


@pytest.mark.parametrize(
    ("code", "kind", "exit_code"),
    [
        (KafkaError._TRANSPORT, Unreachable, ExitCode.UNREACHABLE),
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, Unreachable, ExitCode.UNREACHABLE),
        (KafkaError.REQUEST_TIMED_OUT, TransientError, ExitCode.UNREACHABLE),
        (KafkaError.MSG_SIZE_TOO_LARGE, Refused, ExitCode.UNREACHABLE),
        (KafkaError._INVALID_ARG, ConfigError, ExitCode.USAGE),
        (KafkaError.FENCED_INSTANCE_ID, FatalError, ExitCode.UNREACHABLE),
    ],
)
def test_the_door_maps_exceptions(code: int, kind: type[Exception], exit_code: ExitCode) -> None:
    """What leaves the block is ours, in one line that names the broker and what was done."""
    with pytest.raises(kind) as caught, DOOR.mapped("read a topic"):
        raise KafkaException(KafkaError(code))

    error = caught.value
    assert getattr(error, "exit_code", None) == exit_code
    assert "kafka.example:9092" in str(error)
    assert "read a topic" in str(error)
    assert "\n" not in str(error)


def test_an_unreachable_broker_is_named_with_its_setting() -> None:
    """The person learns which address, and which setting holds it."""
    error = DOOR.explain(KafkaError(KafkaError._ALL_BROKERS_DOWN), "list topics")
    assert error.message == "Kafka at kafka.example:9092 does not answer (list topics)"
    assert "kafka.bootstrap" in error.hint
