"""The ground is laid out beside the user's stack and shares nothing with it."""

import json
import os
import shutil
from dataclasses import replace
from unittest import mock

import pytest

from cdc.config import load_settings
from cdc.errors import ConfigError, StackError
from cdc.keys import load_keys
from cdc.prove import ground as ground_module
from cdc.prove.ground import Done, Runner, open_ground, outside_environment
from cdc.stack.site import hold_lock
from tests.conftest import REPOSITORY


@pytest.fixture
def settings(tmp_path):
    """A user with a server, a registry and keys of their own."""
    (tmp_path / "mine" / "secrets").mkdir(parents=True)
    keys = tmp_path / "keys.toml"
    keys.write_text(f'[orders]\ncurrent = 1\n1 = "{"A" * 43}="\n')
    keys.chmod(0o600)
    env = {
        "CDC_STACK__DIR": str(tmp_path / "mine"),
        "CDC_MYSQL__URL": "mysql://db.example.com:3306",
        "CDC_KAFKA__BOOTSTRAP": "kafka.example.com:9092",
        "CDC_KAFKA__CLIENT": '{"sasl.password": "env:SECRET"}',
        "CDC_REGISTRY__URL": "http://registry.example.com",
        "CDC_RELAY__NAMESPACE": "clean",
        "CDC_POLICIES__KEYS": str(keys),
        "CDC_POLICIES__DIR": str(REPOSITORY / "schemas/policies"),
        "CDC_CONNECT__DIR": str(REPOSITORY / "connectors"),
    }
    with mock.patch.dict(os.environ, env):
        yield load_settings()


@pytest.fixture(autouse=True)
def asked(monkeypatch):
    """Commands that would have been run."""
    words: list[tuple[str, ...]] = []

    def run(_self: Runner, *arguments: str) -> Done:
        words.append(arguments)
        if arguments == ("stack", "clean"):
            shutil.rmtree(_self.config.parent)
        return Done(0, b"")

    monkeypatch.setattr(ground_module.Runner, "run", run)
    return words


def test_nothing_of_the_users_is_on_the_ground(settings, asked):
    """No server, no secret, no port of theirs; namespace and policies are the same."""
    with open_ground(settings) as ground:
        text = ground.config.read_text()
        assert "example.com" not in text
        assert "SECRET" not in text
        with mock.patch.dict(os.environ, outside_environment(), clear=True):
            read = load_settings(ground.config)
        assert read == ground.settings
        assert read.stack_dir == settings.stack_dir / "prove"
        assert {read.mysql.port, read.kafka.port, read.connect.port, read.serve.port} == {0}
        assert read.relay.port == 0
        assert read.relay.namespace == "clean"
        assert {file.name for file in read.policies.dir.iterdir()} == {
            "pizzashop.users.yaml",
            "pizzashop.products.yaml",
        }
    assert asked == [("stack", "down")]


def test_keys_have_the_same_names_and_other_bytes(settings):
    """Policies can be carried out without the user's secrets being anywhere near."""
    with open_ground(settings) as ground:
        made = load_keys(ground.settings.privacy_keys)
    assert {"pii", "dlq", "orders"} <= set(made)
    assert made["orders"].secret != load_keys(settings.privacy_keys)["orders"].secret


def test_the_connector_is_the_users_with_the_canary_tables(settings):
    """What it captures is added to; where it reads from is the ground."""
    with open_ground(settings) as ground:
        (file,) = ground.settings.connect.dir.iterdir()
        config = json.loads(file.read_text())["config"]
    listed = config["table.include.list"].split(",")
    assert listed[:2] == ["pizzashop.users", "pizzashop.products"]
    assert "pizzashop.canaries" in listed
    assert config["database.hostname"] == "{{MYSQL_HOST}}"
    assert "{{SECRETS_DIR}}" in config["database.password"]
    assert config["include.schema.comments"] == "true"


def test_an_old_ground_is_cleared_and_anything_else_is_not(settings, asked):
    """A folder that is no ground is somebody's."""
    with open_ground(settings):
        pass
    with open_ground(settings):
        pass
    assert asked.count(("stack", "clean")) == 1
    shutil.rmtree(settings.stack_dir / "prove")
    (settings.stack_dir / "prove").mkdir()
    with pytest.raises(ConfigError, match="no proving ground"), open_ground(settings):
        pass


def test_one_proof_at_a_time(settings, asked):
    """A second one says so and touches nothing."""
    with (
        hold_lock(settings.stack_dir / "prove.lock", "held"),
        pytest.raises(StackError, match="another `cdc prove`"),
        open_ground(settings),
    ):
        pass
    assert asked == []


def test_a_command_that_fails_is_told_with_its_last_words(settings):
    """So that the person knows what stopped the proof."""
    with open_ground(settings) as ground:
        failing = mock.Mock(run=lambda *_: Done(4, b"first\nerror: no broker\nhint: up\n"))
        with pytest.raises(StackError, match=r"`cdc stack up`: .*error: no broker"):
            replace(ground, runner=failing).cdc("stack", "up")
