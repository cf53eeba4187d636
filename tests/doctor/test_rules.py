import pytest

from cdc.doctor import AREAS, UNREACHABLE, World, diagnose
from cdc.doctor.settings import SETTINGS
from cdc.findings import Severity
from tests.doctor.cases import CASES
from tests.doctor.worlds import (
    PROFILE,
    REPOSITORY,
    both,
    column,
    config,
    profile,
    sound_world,
    table,
    topic,
)

RULES = {rule.code: rule for area in AREAS for rule in area.rules}
PAGES = REPOSITORY / "docs" / "doctor"


def codes(world: World) -> list[str]:
    """Those of all findings."""
    return [finding.code for finding in diagnose(world).findings]


def test_nothing_is_wrong_with_a_sound_world() -> None:
    """The recommended connector on a server set up for it: no finding, not even a note."""
    assert codes(sound_world()) == []


@pytest.mark.parametrize("code", CASES)
def test_a_rule_finds_its_trap(code: str) -> None:
    """In a sound world with one thing wrong, the rule speaks, with a remedy."""
    wrong, _ = CASES[code]

    found = [f for f in diagnose(wrong(sound_world())).findings if f.code == code]

    assert found
    assert all(f.remedy and f.title and f.severity is RULES[code].severity for f in found)


@pytest.mark.parametrize("code", CASES)
def test_a_rule_is_silent_beside_its_trap(code: str) -> None:
    """What only looks like it is no finding."""
    _, right = CASES[code]

    assert code not in codes(right(sound_world()))


def test_every_rule_has_a_case_and_a_code_of_its_own() -> None:
    """No rule is without a test, and none shares a code."""
    assert [rule.code for area in AREAS for rule in area.rules] == list(RULES)
    assert set(CASES) == set(RULES)


def test_every_rule_has_a_page() -> None:
    """docs/doctor/<code>.md says the problem, what not to do, and what to do; none is left over."""
    pages = {path.stem: path.read_text() for path in PAGES.glob("*.md")}

    assert set(pages) - {"index"} == set(RULES) | {UNREACHABLE}
    for code in set(pages) - {"index"}:
        heading, problem, *rest = pages[code].split("\n\n")
        assert heading == f"# {code}"
        assert len(problem) > 60
        assert [part for part in rest if part in ("Instead of", "use")] == ["Instead of", "use"]
        assert pages[code].count("```") == 4


def test_a_finding_names_its_page() -> None:
    """A machine gets the page of each finding."""
    (finding,) = diagnose(CASES["log-bin-off"][0](sound_world())).findings

    assert (REPOSITORY / str(finding.details["page"])).is_file()


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda row: row.code)
def test_a_setting_that_is_not_said_is_its_default(setting) -> None:
    """What a connector leaves out is judged as Debezium or Connect would fill it in."""
    world = config({setting.key: None})(sound_world())

    assert (setting.code in codes(world)) is setting.is_wrong(setting.default)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda row: row.code)
def test_the_remedy_is_what_the_repository_recommends(setting) -> None:
    """A setting's remedy is right by its own rule, and what connectors/pizzashop.json says."""
    assert not setting.is_wrong(setting.use)
    assert profile().config.get(setting.key, setting.default) == setting.use


def test_a_finding_in_a_file_has_its_line() -> None:
    """The line of the setting, where the file has it."""
    world = config({"snapshot.mode": "always"})(sound_world())

    (finding,) = diagnose(world).findings

    assert finding.location is not None
    line = PROFILE.read_text().splitlines()[finding.location.line - 1]
    assert '"snapshot.mode"' in line


def test_a_secret_is_never_shown() -> None:
    """Neither a written-out password nor what is near it is in any text of a finding."""
    world = config({"database.password": "swordfish", "ssl.key.password": "trout"})(sound_world())

    told = repr(list(diagnose(world).findings))

    assert "literal-secret" in told
    assert "swordfish" not in told
    assert "trout" not in told


def test_errors_come_before_warnings_and_notes() -> None:
    """Within a check the worst is read first."""
    world = config({"poll.interval.ms": "500", "skipped.operations": "t", "topic.prefix": "x"})(
        sound_world()
    )

    ranks = [list(Severity).index(finding.severity) for finding in diagnose(world).findings]

    assert len(set(ranks)) == 3
    assert ranks == sorted(ranks)


def test_a_table_that_no_connector_captures_is_not_judged() -> None:
    """The same table is a finding only while a connector's lists name it."""
    keyless = table(key=(), name="visits")

    captured = keyless(sound_world())
    left_out = both(keyless, config({"table.include.list": "pizzashop.users"}))(sound_world())

    assert "no-key" in codes(captured)
    assert "no-key" not in codes(left_out)


def test_labels_without_commas_are_no_finding() -> None:
    """The commas between labels are not in them."""
    world = table(column("size", "enum", declared="enum('small','it''s','large')"))(sound_world())

    assert codes(world) == []


@pytest.mark.parametrize(
    ("key", "columns", "hit"),
    [
        ("column.exclude.list", "pizzashop.users.id", True),
        ("column.exclude.list", "pizzashop.products.price", False),
        ("column.mask.hash.v2.SHA-256.with.salt.s", "pizzashop.users.id", True),
        ("column.mask.hash.v2.SHA-256.with.salt.s", "pizzashop.users.email", False),
        ("column.truncate.to.5.chars", "pizzashop.products.price", False),
    ],
)
def test_keys_are_sent_in_clear_whatever_hides_the_value(
    key: str, columns: str, *, hit: bool
) -> None:
    """Masks and exclusions act on the value; on a key they are a finding."""
    world = config({key: columns})(sound_world())

    assert ("clear-mask" in codes(world)) is hit


def test_dead_letters_have_one_partition() -> None:
    """Their order is their history."""
    world = topic("governed.dlq", 3, cleanup_policy="delete")(sound_world())

    assert codes(world) == ["control-topic"]
