"""What counts as a change of a folder."""

from itertools import pairwise

from cdc.stamps import read_stamps


def test_content_and_permission_count_and_other_files_do_not(tmp_path):
    """A file that may be read again is looked at again, though nobody wrote it."""
    path = tmp_path / "a.yaml"
    path.write_text("1")
    stamps = [read_stamps(tmp_path, "*.yaml")]
    for change in (
        lambda: path.write_text("22"),
        lambda: path.chmod(0o600),
        lambda: path.chmod(0o644),
        path.unlink,
    ):
        change()
        stamps.append(read_stamps(tmp_path, "*.yaml"))
    assert all(before != after for before, after in pairwise(stamps))
    (tmp_path / "a.txt").write_text("other")
    assert read_stamps(tmp_path, "*.yaml") == stamps[-1] == {}


def test_a_file_that_goes_while_it_is_looked_at_is_left_out(tmp_path):
    """An editor replaces files; a relay must not end of it. A dangling link looks the same."""
    (tmp_path / "gone.yaml").symlink_to(tmp_path / "nowhere")
    (tmp_path / "here.yaml").write_text("1")
    assert [*read_stamps(tmp_path, "*.yaml")] == ["here.yaml"]


def test_a_folder_that_is_not_there_has_no_files(tmp_path):
    """Whether that is a mistake is for the reader of the files to say."""
    assert read_stamps(tmp_path / "no", "*") == {}
