"""The MySQL part: a server of the private prefix (or one that is named), its users and tables."""

import contextlib
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import pymysql
from pymysql.constants import CLIENT

from cdc.errors import ConfigError, StackError
from cdc.stack.packages import Prefix, install_prefix
from cdc.stack.processes import tail_lines
from cdc.stack.report import Report
from cdc.stack.secrets import generate_secrets, read_passwords
from cdc.stack.site import Site, repository_file, write_private
from cdc.stack.sources import machine_source, with_mysql

Connection: TypeAlias = "pymysql.connections.Connection[pymysql.cursors.Cursor]"

OLDEST = (8, 0)
INITIALIZE_TIMEOUT_S = 120
PACKAGES = ("mysql-server-core", "mysql-server-core-")


def fetch_mysqld(site: Site, report: Report) -> None:
    """Have a MySQL server program: the one that is named, or one in the cache.

    Raises:
        ConfigError: the named one is no MySQL 8.0 or newer.
        StackError: none can be fetched.
    """
    if site.settings.stack.mysqld:
        refuse_foreign_server(site.settings.stack.mysqld)
    elif not site.mysql_prefix.exists():
        source, system = machine_source()
        text = "MySQL server, from the machine's package source"
        with report.track("fetch", text, None):
            install_prefix(
                site.mysql_prefix, with_mysql(source, system), PACKAGES, site.cache / "locks"
            )
        report.say("fetch", text)


def refuse_foreign_server(program: str) -> None:
    """Let only MySQL 8.0 or newer pass: MariaDB's binlog and GTIDs are others.

    Raises:
        ConfigError: it is something else, or cannot be run.
    """
    try:
        result = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=30, check=False
        )
    except OSError as error:
        raise ConfigError(f"stack.mysqld: {program} cannot be run ({error.strerror})") from error
    match = re.search(r"Ver (\d+)\.(\d+)\S*", result.stdout)
    version = (int(match[1]), int(match[2])) if match else (0, 0)
    if "MariaDB" in result.stdout or version < OLDEST:
        raise ConfigError(
            f"stack.mysqld: {program} is {match[0][4:] if match else 'no MySQL server'}; "
            "needed: MySQL 8.0 or newer",
            hint="leave stack.mysqld empty: a fitting server is then fetched",
        )


def prepare(site: Site) -> list[str]:
    """The server's command, on a data directory with root's password set.

    Raises:
        StackError: the data directory cannot be initialized.
    """
    generate_secrets(site)
    if not _data(site).exists():
        _initialize(site)
    # A killed server leaves its lock; while it is a zombie the next one would take it for alive.
    # Two servers on one data directory are still kept apart by InnoDB's own locks.
    (_data(site) / "mysqld.sock.lock").unlink(missing_ok=True)
    port = site.settings.port("mysql")
    return [*_server_command(site), f"--port={port}", "--bind-address=127.0.0.1"]


def _data(site: Site) -> Path:
    return site.data / "mysql"


def _server_command(site: Site, data: Path | None = None) -> list[str]:
    return [
        *_program(site),
        f"--defaults-file={repository_file('my.cnf')}",
        *_prefix_options(site),
        f"--datadir={data or _data(site)}",
        # Relative to the data directory: an absolute path may be longer than a socket's may be.
        "--socket=mysqld.sock",
        "--pid-file=mysqld.pid",
        "--secure-file-priv=NULL",
        *(["--user=root"] if os.geteuid() == 0 else []),
    ]


def _program(site: Site) -> list[str]:
    named = site.settings.stack.mysqld
    return [named] if named else Prefix(site.mysql_prefix).command("usr/sbin/mysqld")


def _prefix_options(site: Site) -> list[str]:
    if site.settings.stack.mysqld:
        return []
    share = site.mysql_prefix / "usr/share/mysql"
    return [
        f"--basedir={site.mysql_prefix / 'usr'}",
        f"--lc-messages-dir={share}",
        f"--character-sets-dir={share / 'charsets'}",
    ]


def _initialize(site: Site) -> None:
    """Make the data directory, whole or not at all; root has a password from its first moment."""
    partial = site.data / ".mysql.partial"
    _remove(partial)
    partial.parent.mkdir(parents=True, exist_ok=True)
    log = site.log("mysql")
    log.parent.mkdir(parents=True, exist_ok=True)
    start = log.stat().st_size if log.exists() else 0
    statement = site.settings.secrets_dir / "initialize.sql"
    write_private(statement, f"ALTER USER root@localhost IDENTIFIED BY '{_root_password(site)}';\n")
    try:
        with log.open("ab") as output:
            options = ["--initialize-insecure", f"--init-file={statement}"]
            subprocess.run(
                [*_server_command(site, partial), *options],
                stdout=output,
                stderr=output,
                timeout=INITIALIZE_TIMEOUT_S,
                check=True,
            )
    except (subprocess.SubprocessError, OSError) as error:
        last = " | ".join(tail_lines(log, 3, start=start))
        raise StackError(f"mysql: the data directory cannot be made: {last or error}") from error
    finally:
        statement.unlink()
    partial.replace(_data(site))


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def _root_password(site: Site) -> str:
    return read_passwords(site)["root.password"]


def connect(site: Site, user: str = "root", **options: Any) -> Connection:
    """A connection to the stack's MySQL as one of its generated users.

    Raises:
        pymysql.err.OperationalError: it does not answer, or refuses.
    """
    return pymysql.connect(
        host="127.0.0.1",
        port=site.settings.port("mysql"),
        user=user,
        password=read_passwords(site)[f"{user}.password"],
        init_command="SET time_zone = '+00:00'",
        **options,
    )


def is_ready(site: Site, _start: int) -> bool:
    """Whether root can log in."""
    with contextlib.suppress(pymysql.err.OperationalError):
        connect(site, connect_timeout=2).close()
        return True
    return False


def bootstrap(site: Site) -> None:
    """Run `mysql/bootstrap.sql` where it has not been run as it is now.

    Raises:
        StackError: a statement is refused.
    """
    text = repository_file("bootstrap.sql").read_text()
    mark = site.data / "mysql.bootstrapped"
    digest = hashlib.sha256(text.encode()).hexdigest()
    if mark.exists() and mark.read_text() == digest:
        return
    with connect(site, client_flag=CLIENT.MULTI_STATEMENTS, autocommit=True) as connection:
        _run_script(connection, fill_secrets(text, read_passwords(site), connection.escape))
    mark.write_text(digest)


def release_readers(site: Site) -> None:
    """Cut the binlog's readers off, before a stop: the server would wait 10 s for each in vain."""
    unanswered = (pymysql.err.MySQLError, OSError, ConfigError)
    with contextlib.suppress(*unanswered), connect(site, connect_timeout=2) as session:
        cursor = session.cursor()
        cursor.execute("SHOW PROCESSLIST")
        readers = [row[0] for row in cursor.fetchall() if row[4].startswith("Binlog Dump")]
        for reader in readers:
            cursor.execute("KILL %s", (reader,))


def fill_secrets(text: str, secrets: Mapping[str, str], quote: Callable[[str], str]) -> str:
    """Put each `{{NAME}}`'s secret in its place, quoted for SQL.

    Raises:
        StackError: a name is not known.
    """
    unknown = sorted(set(re.findall(r"\{\{([\w.]+)\}\}", text)) - set(secrets))
    if unknown:
        raise StackError(
            f"mysql/bootstrap.sql: no secret named {', '.join(unknown)}; "
            f"known: {', '.join(sorted(secrets))}"
        )
    return re.sub(r"\{\{([\w.]+)\}\}", lambda match: quote(secrets[match[1]]), text)


def _run_script(connection: Connection, script: str) -> None:
    with connection.cursor() as cursor:
        done = 0
        try:
            cursor.execute(script)
            while cursor.nextset():
                done += 1
        except pymysql.err.MySQLError as error:
            # The message may quote the statement, and with it a password: only its number is said.
            raise StackError(
                f"mysql/bootstrap.sql: statement {done + 1} is refused (error {error.args[0]})",
                hint="cdc stack clean removes this stack's data; then cdc stack up",
            ) from None
