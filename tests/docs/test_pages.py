import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import Route

from cdc.admin.app import create_app
from cdc.config import PolicySettings, Settings, load_settings
from cdc.connect.desired import read_connector
from cdc.errors import RecordError, TableStopped
from cdc.keys import Key, load_keys
from cdc.privacy.policy import parse_policy
from cdc.privacy.transforms.encrypt import Encrypt
from cdc.privacy.transforms.rule import Context
from cdc.privacy.transforms.token import Token
from registry.derive.types import Canonical, RawType, canonical_of_raw
from tests.admin.fakes import FakeParts
from tests.docs.codes import ROOT, find_codes

DOCS = ROOT / "docs"
# What the broker refuses becomes a letter too; `cdc.relay.passage` takes its reason from a mapping.
CHOSEN_AT_RUN_TIME = {("refused", "encode")}
PAGES = sorted(DOCS.glob("*.md"))


def text_of(page: str) -> str:
    """A page's text."""
    return (DOCS / f"{page}.md").read_text()


def block(page: str, language: str, number: int = 0) -> str:
    """One of a page's code blocks of a language."""
    blocks: list[str] = re.findall(rf"```{language}\n(.*?)```", text_of(page), re.DOTALL)
    return blocks[number]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link names a file of the checkout."""
    links = re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", page.read_text())

    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_index_lists_every_page() -> None:
    """From the index every page can be reached."""
    linked = set(re.findall(r"\]\((\w[\w-]*\.md)\)", text_of("index")))

    assert linked == {page.name for page in PAGES} - {"index.md"}


def test_files_that_are_named_exist() -> None:
    """A path of the checkout that the prose names is there."""
    named = {
        path
        for page in PAGES
        for path in re.findall(
            r"`((?:mysql|connectors|schemas|docs)/[\w./-]+\.\w+|docker-compose[\w.-]+|Dockerfile)`",
            page.read_text(),
        )
    }

    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_every_endpoint_is_described() -> None:
    """docs/api.md has a line for each path that the application answers, and for no other."""
    described = set(re.findall(r"\| `(?:GET|POST) (/[\w/]+)` \|", text_of("api")))

    app = create_app(FakeParts())

    assert described == {route.path for route in app.routes if isinstance(route, Route)}


def codes_in(page: str, heading: str) -> set[str]:
    """The codes of the last table under a heading."""
    section = text_of(page).split(f"## {heading}")[1].split("\n## ")[0]
    last_table = section.rstrip().split("\n\n| ")[-1]
    return set(re.findall(r"^\| `(\w+)` \|", last_table, re.MULTILINE))


def test_every_stop_code_is_explained() -> None:
    """The codes in docs/dead-letters.md, in the code and in `TableStopped`'s docstring are one."""
    used = find_codes({"TableStopped"})["TableStopped"]
    declared = set(re.findall(r"`(\w+)`", (TableStopped.__doc__ or "").split("Codes:")[1]))

    assert codes_in("dead-letters", "Stopped tables") == used == declared


def test_every_dead_letter_reason_is_explained() -> None:
    """The reasons in docs/dead-letters.md are those that the code gives, with their stages."""
    stages = {error.__name__: error.stage for error in RecordError.__subclasses__()}
    used = {
        (reason, stages[error])
        for error, reasons in find_codes(set(stages)).items()
        for reason in reasons
    } | CHOSEN_AT_RUN_TIME

    described = re.findall(r"^\| `(\w+)` \| (\w+) \|", text_of("dead-letters"), re.MULTILINE)

    assert {tuple(pair) for pair in described} == used


def test_forms_said_to_be_refused_are_refused() -> None:
    """What docs/limits.md says of `double` and of binary text is what the type table does."""
    assert "`decimal.handling.mode=double`" in text_of("limits")
    for connect, mysql in (("double", "DECIMAL"), ("string", "BINARY"), ("string", "LONGBLOB")):
        raw = RawType(connect, "", {"__debezium.source.column.type": mysql})
        assert canonical_of_raw(raw)[0] is None


def test_the_example_settings_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings file in docs/configuration.md is accepted as it stands."""
    file = tmp_path / "cdc.toml"
    file.write_text(block("configuration", "toml"))
    monkeypatch.delenv("CDC_RELAY__GOVERNED_PARTITIONS", raising=False)

    assert load_settings(file).relay.governed_partitions == 6


def test_the_example_policy_and_keys_load(tmp_path: Path) -> None:
    """The policy and the key file in docs/policies.md are accepted as they stand."""
    keys = tmp_path / "keys.toml"
    keys.write_text(block("policies", "toml"))
    keys.chmod(0o600)

    policy = parse_policy(Path("docs/policies.md"), block("policies", "yaml"))

    assert policy.table == "pizzashop.users"
    assert load_keys(keys)["pii"].secret == bytes(range(32))
    assert Settings(policies=PolicySettings()).privacy_keys.name == "keys.toml"


def documented_token() -> Any:
    """The function that docs/policies.md shows."""
    names: dict[str, Any] = {}
    exec(compile(block("policies", "python"), "docs/policies.md", "exec"), names)  # noqa: S102
    return names["token"]


@pytest.mark.parametrize(
    ("canonical", "value", "text"),
    [
        (Canonical("string"), "Ärger@Example.org", "ärger@example.org"),
        (Canonical("long"), -7, "-7"),
        (Canonical("boolean"), True, "true"),
        (Canonical("date"), 19782, "2024-02-29"),
        (Canonical("timestamp"), 0, "1970-01-01T00:00:00.000000Z"),
    ],
)
def test_the_documented_token_is_the_token(canonical: Canonical, value: Any, text: str) -> None:
    """The steps and the function in docs/policies.md give what the rule gives."""
    key = Key("pii", 3, {3: bytes(range(32))})
    rule = Token.model_validate(
        {
            "class": "identifier",
            "rule": "token",
            "key": "pii",
            "type": "email",
            "fold": canonical.kind == "string",
        }
    )
    bound = rule.bind(Context(canonical, {"pii": key}, "governed", is_key=False))

    documented = documented_token()(key.secret, 3, "email", "governed", text.encode())

    assert documented == bound.plain(value)


def test_the_documented_decryption_turns_back() -> None:
    """The function in docs/policies.md reads what `encrypt` wrote."""
    names: dict[str, Any] = {}
    exec(compile(block("policies", "python", 1), "docs/policies.md", "exec"), names)  # noqa: S102
    key = Key("pii", 3, {3: bytes(range(32))})
    rule = Encrypt.model_validate(
        {"class": "identifier", "rule": "encrypt", "key": "pii", "type": "email"}
    )
    bound = rule.bind(Context(Canonical("string"), {"pii": key}, "governed", is_key=False))

    sealed = bound.plain("jos\u00e9@example.com")

    assert names["decrypt"](key.secret, "email", "governed", sealed) == "jos\u00e9@example.com"


def test_the_generator_runs_as_a_script() -> None:
    """`python docs/generate.py --check types` is what a person and CI run."""
    asked = subprocess.run(
        [sys.executable, "docs/generate.py", "--check", "types"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (asked.returncode, asked.stderr) == (0, "")


def test_the_example_connector_reads(tmp_path: Path) -> None:
    """The file in docs/connectors.md is accepted, and is what connectors/pizzashop.json says."""
    values = {
        "SECRETS_DIR": "/s",
        "MYSQL_HOST": "127.0.0.1",
        "MYSQL_PORT": "13306",
        "KAFKA_BOOTSTRAP": "127.0.0.1:19092",
    }
    file = tmp_path / "pizzashop.yaml"
    file.write_text(block("connectors", "yaml"))

    example = read_connector(file, values)

    assert example.config == read_connector(ROOT / "connectors/pizzashop.json", values).config
