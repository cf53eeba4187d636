"""What the count of cells means for a proof."""

from cdc.anonymity import Anonymity
from cdc.prove.cells import CellCheck


def _counted(**changes):
    fields = {
        "table": "shop.people",
        "topic": "governed.shop.people.v1",
        "k": 5,
        "columns": ("zip",),
        "rows": 12,
        "sizes": {5: 1, 7: 1},
        "null_rows_below": 0,
        "unreadable": 0,
        "at_ms": 0,
    }
    return Anonymity(**{**fields, **changes})


def test_cells_of_k_and_more_hold():
    """The detail names topic, smallest cell and k, and no value."""
    check = CellCheck([_counted()])
    assert check.ok
    assert check.detail == ("governed.shop.people.v1: smallest cell 5, 0 of 12 rows below k = 5")


def test_one_topic_below_k_fails_the_proof():
    """Whatever the others have; also where a record could not be counted."""
    assert not CellCheck([_counted(), _counted(sizes={4: 3})]).ok
    assert not CellCheck([_counted(unreadable=1)]).ok


def test_nothing_to_count_is_said():
    """Policies without `k` ask for nothing."""
    assert (CellCheck([]).ok, CellCheck([]).detail) == (True, "no policy says `k`")
