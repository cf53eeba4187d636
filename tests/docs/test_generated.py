from pathlib import Path

import pytest

from docs import generate
from docs.generate import PAGES, SCHEMA, is_stale, main, render


@pytest.mark.parametrize("page", [*PAGES, SCHEMA])
def test_the_page_says_what_the_code_says(page: str) -> None:
    """Settings, commands, types, rules, metrics and exit codes are those of the code.

    Stale: run `python docs/generate.py`.
    """
    assert not is_stale(page)


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The types page in a folder of its own, which the generator takes for its own."""
    page = tmp_path / "types.md"
    page.write_text((generate.DOCS / "types.md").read_text())
    monkeypatch.setattr(generate, "DOCS", tmp_path)
    return page


def test_check_names_a_stale_page_and_changes_nothing(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--check` exits 1, says which page and how to mend it; then writing it mends it."""
    stale = copy.read_text().replace("| `DATE` | `date` |\n", "")
    copy.write_text(stale)

    assert main(["--check", "types"]) == 1
    assert "docs/types.md is stale: python docs/generate.py types" in capsys.readouterr().err
    assert copy.read_text() == stale

    assert main(["types"]) == 0
    assert main(["--check", "types"]) == 0


def test_prose_around_the_generated_parts_stays(copy: Path) -> None:
    """Only what stands between the marks is replaced."""
    copy.write_text(copy.read_text() + "\nA last word.\n")

    assert render("types").endswith("\nA last word.\n")


def test_a_lost_mark_is_an_error(copy: Path) -> None:
    """A page without the mark of one of its parts is not silently left incomplete."""
    copy.write_text(copy.read_text().replace("<!-- generated: raw -->", ""))

    with pytest.raises(ValueError, match=r"docs/types\.md marks"):
        render("types")
