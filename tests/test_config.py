"""Settings: one file, the environment above it, mistakes with their place."""

import os
from pathlib import Path

import pytest

from cdc.config import load_settings
from cdc.errors import ConfigError


@pytest.fixture(autouse=True)
def _bare(monkeypatch, tmp_path):
    """No settings from the developer's own shell or folder."""
    for name in list(os.environ):
        if name.startswith("CDC_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def _write(text: str) -> Path:
    path = Path("cdc.toml")
    path.write_text(text)
    return path


def test_defaults_need_no_file():
    """A fresh checkout works without any settings."""
    settings = load_settings()
    assert settings.bootstrap == "127.0.0.1:19092"
    assert settings.registry_url == "http://127.0.0.1:18081"


def test_environment_wins_over_the_file(monkeypatch):
    """`CDC_SECTION__KEY` overrides the same key of `cdc.toml`, the rest of the file holds."""
    _write("[kafka]\nport = 1\n[connect]\nport = 2\n")
    monkeypatch.setenv("CDC_KAFKA__PORT", "3")
    settings = load_settings()
    assert (settings.port("kafka"), settings.port("connect")) == (3, 2)


def test_every_mistake_has_its_place(monkeypatch):
    """Unknown keys and wrong values come all at once, with line or variable."""
    _write('[relay]\ngruop = "x"\nbatch_events = "many"\n\n[nope]\na = 1\n')
    monkeypatch.setenv("CDC_KAFKA__PORT", "abc")
    with pytest.raises(ConfigError) as caught:
        load_settings()
    message = caught.value.message
    assert "cdc.toml:2: relay.gruop: unknown setting" in message
    assert "cdc.toml:3: relay.batch_events: " in message
    assert "cdc.toml:5: nope: unknown setting" in message
    assert "CDC_KAFKA__PORT: " in message
    assert "abc" not in message


@pytest.mark.parametrize(
    ("text", "words"), [("[a", "not TOML"), ("kafka = 1\n", "cdc.toml:1: kafka")]
)
def test_broken_files_are_one_line(text, words):
    """A file that is no settings file is refused by name and line."""
    _write(text)
    with pytest.raises(ConfigError, match=words):
        load_settings()


def test_named_file_must_exist():
    """A file that was asked for and is missing is an error, unlike the default one."""
    with pytest.raises(ConfigError, match="no such settings file"):
        load_settings(Path("other.toml"))


def test_free_port_is_looked_up_where_the_stack_wrote_it():
    """Port 0 means the port that `cdc stack up` took; before that the hint says to start it."""
    _write("[kafka]\nport = 0\n")
    settings = load_settings()
    with pytest.raises(ConfigError) as caught:
        settings.port("kafka")
    assert caught.value.hint == "cdc stack up"
    settings.ports_file.parent.mkdir()
    settings.ports_file.write_text('{"kafka": 4711}')
    assert settings.bootstrap == "127.0.0.1:4711"


@pytest.mark.parametrize("url", ["localhost", "mysql://u:p@h:1", "mysql://h", "mysql://h:x"])
def test_mysql_url_is_host_and_port_only(url, monkeypatch):
    """Anything else, a password in the URL above all, is refused without quoting it."""
    monkeypatch.setenv("CDC_MYSQL__URL", url)
    with pytest.raises(ConfigError) as caught:
        _ = load_settings().mysql_address
    assert url not in str(caught.value)
