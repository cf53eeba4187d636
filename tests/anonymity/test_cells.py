"""Rows by cell against counting by brute force."""

import json
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from cdc.anonymity import Cells

KEYS = st.binary(max_size=2)
CHANGES = st.lists(st.tuples(KEYS, st.none() | st.sampled_from("abcd")), max_size=60)


@given(CHANGES)
def test_the_counts_are_those_of_the_last_state_of_each_key(changes):
    """Updates move a row, removals take it away; a cell without rows is none."""
    cells, last = Cells(), {}
    for key, cell in changes:
        if cell is None:
            cells.remove(key)
        else:
            cells.put(key, json.dumps([cell]))
        last[key] = cell
    expected = Counter(json.dumps([cell]) for cell in last.values() if cell is not None)
    assert dict(cells.counts) == expected
    assert cells.rows == expected.total()
    assert dict(cells.sizes) == Counter(expected.values())
    assert list(cells.sizes) == sorted(cells.sizes)
