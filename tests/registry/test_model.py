import pytest

from registry.errors import InvalidLevel, InvalidMode, InvalidSubject
from registry.model import (
    CompatibilityLevel,
    Config,
    Mode,
    Subject,
    check_scope_name,
    check_subject_name,
    find_context,
    parse_subject,
    qualify,
    resolve_in,
    split_subject,
)


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


@pytest.mark.parametrize(
    ("text", "subject", "context", "name"),
    [
        ("s", "s", ".", "s"),
        (":.:s", "s", ".", "s"),
        (":.c:s", ":.c:s", ".c", "s"),
        (":.c:", ":.c:", ".c", ""),
        (":.c:a:b", ":.c:a:b", ".c", "a:b"),
        (":c:s", ":c:s", ".", ":c:s"),
        (":.c", ":.c", ".", ":.c"),
    ],
)
def test_subjects_say_their_context_unless_it_is_the_default(text, subject, context, name):
    """`:.context:name` is qualified, everything else a plain name."""
    assert parse_subject(text) == subject
    assert split_subject(Subject(subject)) == (context, name)
    assert find_context(Subject(subject)) == context
    assert qualify(context, name) == subject


def test_what_is_beside_a_schema_is_in_its_context():
    """A plain name means the context's own subject, a qualified one what it says."""
    assert resolve_in(".c", "s") == ":.c:s"
    assert resolve_in(".c", ":.d:s") == ":.d:s"
    assert resolve_in(".c", ":.:s") == "s"


@pytest.mark.parametrize("name", ["", ":.c:", "a\nb", "a\x7f", "s" * 256, f":.c:{'s' * 252}"])
def test_names_that_are_no_subjects(name):
    """Empty, longer than 255 characters, or with control characters."""
    with pytest.raises(InvalidSubject):
        check_subject_name(Subject(name))


def test_settings_hold_for_contexts_too():
    """A context alone is a scope, within the same limits; so is the whole registry."""
    check_scope_name(None)
    check_scope_name(Subject(":.c:"))
    for name in ("", f":.{'c' * 255}:", ":.\n:"):
        with pytest.raises(InvalidSubject):
            check_scope_name(Subject(name))
