import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from cdc.errors import ConfigError
from cdc.stack.ports import choose_ports, controller_port, is_free, refuse_taken_ports
from tests.conftest import make_stack


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Somebody else's server."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server


def test_a_taken_port_names_setting_variable_and_holder(
    tmp_path: Path, listener: socket.socket
) -> None:
    """The message says all that a person needs to act."""
    port = listener.getsockname()[1]
    site = make_stack(tmp_path / "s", CDC_KAFKA__PORT=str(port)).site
    with pytest.raises(ConfigError) as caught:
        refuse_taken_ports(site, ["kafka"])
    assert f"kafka.port (CDC_KAFKA__PORT): port {port} of 127.0.0.1 is taken" in str(caught.value)
    assert f"(pid {os.getpid()})" in str(caught.value)
    assert "CDC_KAFKA__PORT=0" in caught.value.hint


def test_free_ports_are_chosen_once(tmp_path: Path) -> None:
    """Ports of 0 become different free ones, and stay the same from then on."""
    site = make_stack(tmp_path / "s").site
    choose_ports(site, ())
    settings = site.settings
    parts = ("mysql", "kafka", "connect", "serve", "relay")
    ports = [settings.port(part) for part in parts]
    assert len({*ports, controller_port(site)}) == 6
    assert all(map(is_free, ports))
    choose_ports(site, ())
    assert [settings.port(part) for part in parts] == ports


def test_a_port_taken_meanwhile_is_chosen_anew(tmp_path: Path) -> None:
    """Somebody else has it: another is chosen; our own running part has it: it stays."""
    site = make_stack(tmp_path / "s").site
    choose_ports(site, ())
    before = site.settings.port("kafka")
    with socket.socket() as server:
        server.bind(("127.0.0.1", before))
        server.listen()
        choose_ports(site, {"kafka"})
        assert site.settings.port("kafka") == before
        choose_ports(site, ())
        assert site.settings.port("kafka") != before
