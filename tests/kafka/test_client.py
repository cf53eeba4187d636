from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from cdc.config import KafkaSettings, RelaySettings, Settings
from cdc.errors import ConfigError, Unreachable
from cdc.kafka.client import KafkaAccess, sink_settings, source_settings
from cdc.kafka.port import TopicSpec

NOBODY = "127.0.0.1:1"


def test_the_names_of_a_relay_are_stable() -> None:
    """A restart must be able to fence its own predecessor: no random part anywhere."""
    relay = RelaySettings(group="g")
    assert sink_settings(relay, 3)["transactional.id"] == "g-3"
    assert source_settings(relay, 3)["group.instance.id"] == "g-3"


def test_a_successor_waits_seconds() -> None:
    """The transaction times out before the session."""
    relay = RelaySettings()
    transaction_ms = sink_settings(relay, 0)["transaction.timeout.ms"]
    assert transaction_ms == 8000
    assert source_settings(relay, 0)["session.timeout.ms"] == 10_000 > transaction_ms


def test_nothing_is_skipped_or_committed_by_itself() -> None:
    """Read committed, explicit offsets, no jump where data is lost."""
    settings = source_settings(RelaySettings(), 0)
    assert settings["isolation.level"] == "read_committed"
    assert settings["enable.auto.commit"] is False
    assert settings["auto.offset.reset"] == "error"
    assert settings["allow.auto.create.topics"] is False


def test_client_settings_may_be_secret_references(monkeypatch: pytest.MonkeyPatch) -> None:
    """References are read, plain values stay, neither is shown."""
    monkeypatch.setenv("KAFKA_PASSWORD", "s3cret")
    client = {"sasl.password": "env:KAFKA_PASSWORD", "sasl.mechanism": "PLAIN"}
    settings = Settings(kafka=KafkaSettings(bootstrap=NOBODY, client=client))

    access = KafkaAccess.of(settings)

    assert access.extra == {"sasl.password": "s3cret", "sasl.mechanism": "PLAIN"}
    assert "s3cret" not in repr(access)


def test_an_unknown_client_setting_is_refused() -> None:
    """By name, as a mistake of configuration."""
    with pytest.raises(ConfigError, match=r"kafka\.client: .*sasl\.pasword"):
        KafkaAccess(NOBODY, {"sasl.pasword": "x"}).topics()


def test_an_unreachable_broker_is_told_within_seconds(capfd: pytest.CaptureFixture[str]) -> None:
    """One error of ours, and not one line of the client's own on stderr."""
    began = time.monotonic()
    access = KafkaAccess(NOBODY)
    asked: list[Callable[[], object]] = [
        lambda: access.topics().names(),
        lambda: access.topics().create([TopicSpec("x", 1)]),
        lambda: list(access.reader().read_to_end("x")),
    ]
    for ask in asked:
        with pytest.raises(Unreachable, match=r"127\.0\.0\.1:1 does not answer"):
            ask()
    assert time.monotonic() - began < 25
    assert capfd.readouterr() == ("", "")
