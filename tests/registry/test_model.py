import pytest

from registry.errors import InvalidLevel, InvalidMode
from registry.model import CompatibilityLevel, Config, Mode


def test_levels_are_read_in_any_case():
    """Clients send levels in upper and lower case."""
    assert CompatibilityLevel.parse("full_Transitive") is CompatibilityLevel.FULL_TRANSITIVE
    with pytest.raises(InvalidLevel):
        CompatibilityLevel.parse("sideways")


def test_modes_are_read_in_any_case():
    """Clients send modes in upper and lower case."""
    assert Mode.parse("readonly") is Mode.READONLY
    with pytest.raises(InvalidMode):
        Mode.parse("maybe")


@pytest.mark.parametrize(
    ("level", "directions"),
    [
        ("NONE", (False, False, False)),
        ("BACKWARD", (True, False, False)),
        ("BACKWARD_TRANSITIVE", (True, False, True)),
        ("FORWARD", (False, True, False)),
        ("FORWARD_TRANSITIVE", (False, True, True)),
        ("FULL", (True, True, False)),
        ("FULL_TRANSITIVE", (True, True, True)),
    ],
)
def test_a_level_says_which_way_and_how_far(level, directions):
    """Each of the seven levels reads backward, forward, over all versions as its name says."""
    parsed = CompatibilityLevel(level)
    assert (parsed.new_reads_old, parsed.old_reads_new, parsed.is_transitive) == directions


def test_config_changes_clear_with_none_and_keep_what_is_absent():
    """A change sets its keys, clears those that are None and leaves the others."""
    config = Config({"compatibilityLevel": "FULL", "normalize": True})
    assert config.change({"normalize": None, "alias": "a"}).values == {
        "compatibilityLevel": "FULL",
        "alias": "a",
    }
