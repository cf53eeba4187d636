import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.compose.compose_file import FILE, ROOT, Compose, host_paths, ports_in, read_compose

COMPOSE = read_compose()
LONG_LIVED = {"mysql", "kafka", "connect", "serve", "relay"}


def find_client() -> list[str] | None:
    """A Compose client on PATH: the plugin of `docker`, else the program of its own."""
    docker = shutil.which("docker")
    if docker:
        asked = subprocess.run([docker, "compose", "version"], capture_output=True, check=False)
        if asked.returncode == 0:
            return [docker, "compose"]
    alone = shutil.which("docker-compose")
    return [alone] if alone else None


def test_a_client_accepts_the_file() -> None:
    """A Compose client, where one is on PATH, parses the file; no engine is needed for that.

    Elsewhere the file is held against the part of the specification that it uses.
    """
    client = find_client()
    if client is None:
        assert isinstance(read_compose(), Compose)
        return

    asked = subprocess.run(
        [*client, "-f", str(FILE), "config", "-q"], capture_output=True, text=True, check=False
    )

    assert (asked.returncode, asked.stderr) == (0, "")


@pytest.mark.parametrize("name", COMPOSE.services)
def test_what_is_named_exists(name: str) -> None:
    """A service mounts files of the checkout and volumes that are there, and needs known ones."""
    service = COMPOSE.services[name]
    named = {volume.split(":")[0] for volume in service.volumes}

    assert [path for path in host_paths(service) if not path.exists()] == []
    assert {volume for volume in named if not volume.startswith("./")} <= set(COMPOSE.volumes)
    assert set(service.depends_on) <= set(COMPOSE.services)


def test_every_mounted_file_is_read_only() -> None:
    """Nothing in a container writes to the checkout."""
    mounts = [
        volume
        for service in COMPOSE.services.values()
        for volume in service.volumes
        if volume.startswith("./")
    ]

    assert [mount for mount in mounts if not mount.endswith(":ro")] == []


def test_everything_that_stays_has_a_health_check() -> None:
    """Servers say when they are ready; what waits for one waits for that."""
    checked = {name for name, service in COMPOSE.services.items() if service.healthcheck}

    assert checked == LONG_LIVED
    for service in COMPOSE.services.values():
        for needed, dependency in service.depends_on.items():
            wanted = "service_healthy" if needed in LONG_LIVED else "service_completed_successfully"
            assert dependency.condition == wanted


@pytest.mark.parametrize("name", COMPOSE.services)
def test_images_are_pinned(name: str) -> None:
    """An image is named with a whole version, never a moving tag."""
    assert re.search(r":\d+\.\d+\.\d+(\.Final)?$", COMPOSE.services[name].image)


@pytest.mark.parametrize("name", COMPOSE.services)
def test_only_loopback_addresses_are_named(name: str) -> None:
    """No service listens on, or speaks to, anything but 127.0.0.1."""
    assert {host for host, _ in ports_in(COMPOSE.services[name])} <= {"127.0.0.1"}


def test_no_secret_is_written_down() -> None:
    """Passwords come from files: no variable but a file's name speaks of one."""
    names = [
        name
        for service in COMPOSE.services.values()
        for name in service.environment
        if re.search("PASSWORD|SECRET|TOKEN", name)
    ]

    assert names == ["MYSQL_ROOT_PASSWORD_FILE"]


def test_our_image_is_this_version() -> None:
    """The image's tag is the project's version."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]

    ours = {service.image for service in COMPOSE.services.values() if service.build}

    assert ours == {f"headworks:{version}"}


def copied_by_dockerfile() -> list[str]:
    """First-level names that the Dockerfile copies into the image."""
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    return [word for line in lines if line.startswith("COPY ") for word in line.split()[1:-1]]


def test_what_the_dockerfile_copies_reaches_the_build() -> None:
    """Each copied file exists and is let through by `.dockerignore`; nothing else is."""
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    let_through = {line.removeprefix("!") for line in ignore if line.startswith("!")}

    assert "*" in ignore
    assert set(copied_by_dockerfile()) == let_through
    assert [name for name in let_through if not (ROOT / name).exists()] == []


def test_the_image_runs_as_nobody_special_with_hashed_dependencies() -> None:
    """The image's base is pinned, its user is not root, every dependency's hash is checked."""
    text = (ROOT / "Dockerfile").read_text()

    assert re.search(r"^FROM python:3\.12\.\d+-slim-\w+$", text, re.MULTILINE)
    assert re.search(r"^USER (?!root|0)\w+$", text, re.MULTILINE)
    assert "pip install --require-hashes -r requirements.lock" in text


def script_of(service: str) -> str:
    """The Python program that a one-shot service runs."""
    *command, script = COMPOSE.services[service].command
    assert command == ["python", "-c"]
    return script


def test_secrets_are_handed_over_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one-shot `secrets` gives MySQL root's password, Connect Debezium's, and no more."""
    owners: dict[str, int] = {}
    monkeypatch.setenv("CDC_STACK__DIR", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("os.chown", lambda path, uid, _gid: owners.update({path.name: uid}))
    script = script_of("secrets").replace('"/handover/', f'"{tmp_path}/')

    exec(compile(script, "secrets", "exec"), {})  # noqa: S102 (the file's own program)

    generated = (tmp_path / "state/secrets/mysql.properties").read_text()
    passwords = dict(line.split("=", 1) for line in generated.splitlines())
    assert (tmp_path / "mysql/root").read_text() == passwords["root.password"]
    handed = (tmp_path / "connect/mysql.properties").read_text()
    assert handed == f"debezium.password={passwords['debezium.password']}\n"
    assert owners["keys.toml"] == 10001
    assert (owners["root"], owners["connect"]) == (999, 1001)
    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("*/*") if path.is_file()} == {
        0o600
    }


def test_bootstrap_runs_the_stacks_own_bootstrap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one-shot `bootstrap` calls what `cdc stack up` calls, with a folder to note it in."""
    called: list[Path] = []
    monkeypatch.setenv("CDC_STACK__DIR", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("cdc.stack.mysql.bootstrap", lambda site: called.append(site.data))

    exec(compile(script_of("bootstrap"), "bootstrap", "exec"), {})  # noqa: S102 (as above)

    assert called == [tmp_path / "state/data"]
    assert called[0].is_dir()
