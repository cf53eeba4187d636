"""The search finds what a naive one finds, and nothing else."""

from hypothesis import given
from hypothesis import strategies as st

from cdc.prove.encodings import Edge, Needle
from cdc.prove.scan import BATCH_BYTES, OVERLAP, Piece, Scanner
from cdc.prove.surfaces import FILE_PART_BYTES, file_surface

WORDS = st.binary(min_size=5, max_size=9).map(lambda data: bytes(byte % 3 + 97 for byte in data))
TEXTS = st.binary(max_size=60).map(lambda data: bytes(byte % 3 + 97 for byte in data))


def scanner_of(*needles: bytes, edge: Edge = Edge.ANY) -> Scanner:
    """Needles m0, m1 and so on."""
    return Scanner((f"m{n}", Needle(data, "plain", edge)) for n, data in enumerate(needles))


@given(st.lists(WORDS, max_size=6), st.lists(TEXTS, max_size=6))
def test_every_needle_is_found_where_it_stands(needles, texts):
    """Against `in`, for needles that overlap and share beginnings; never across two pieces."""
    pieces = [Piece(str(place), text) for place, text in enumerate(texts)]
    found = {(hit.piece.place, hit.marker) for hit in scanner_of(*needles).search(pieces)}
    expected = {
        (piece.place, f"m{n}")
        for piece in pieces
        for n, needle in enumerate(needles)
        if needle in piece.data
    }
    assert found == expected


def test_edges_tell_a_number_from_a_part_of_one():
    """`12345` is not in `123456`, `Anita` not in `Anitas`; bytes are found anywhere."""
    for edge, data, hits in (
        (Edge.DIGITS, b"a 12345 b", 1),
        (Edge.DIGITS, b"x12345y", 1),
        (Edge.DIGITS, b"123456", 0),
        (Edge.DIGITS, b"912345", 0),
        (Edge.WORD, b"x12345", 0),
        (Edge.WORD, b"<12345>", 1),
        (Edge.WORD, b"12345", 1),
        (Edge.ANY, b"x912345x", 1),
    ):
        found = list(scanner_of(b"12345", edge=edge).search([Piece("p", data)]))
        assert len(found) == hits, (edge, data)


def test_an_edge_looks_at_its_own_piece_only():
    """Two records that follow one another are not one text."""
    pieces = [Piece("one", b"777"), Piece("two", b"12345"), Piece("three", b"888")]
    found = scanner_of(b"12345", edge=Edge.DIGITS).search(pieces)
    assert [hit.piece.place for hit in found] == ["two"]


def test_pieces_beyond_a_batch_are_searched():
    """Large pieces, and many that make more than one batch."""
    pieces = [Piece(str(n), b"." * (BATCH_BYTES // 2) + b"needle%d" % n) for n in range(5)]
    found = scanner_of(*(b"needle%d" % n for n in range(5))).search(pieces)
    assert [(hit.piece.place, hit.marker) for hit in found] == [(str(n), f"m{n}") for n in range(5)]


def test_a_needle_over_the_border_of_two_parts_of_a_file_is_found(tmp_path):
    """A log file is read in parts; what lies across their border is in the second."""
    logs = tmp_path / "logs"
    logs.mkdir()
    for back in (1, 5, 11, OVERLAP - 12):
        data = b"." * (FILE_PART_BYTES - back) + b"needle-0123" + b"." * OVERLAP
        (logs / "relay.log").write_bytes(data)
        pieces = file_surface("logs", logs).read()
        assert {hit.marker for hit in scanner_of(b"needle-0123").search(pieces)} == {"m0"}


def test_a_hundred_thousand_needles_are_one_pass():
    """Needles in numbers, of which the text holds two."""
    needles = [b"value-%06d-x" % n for n in range(100_000)]
    found = scanner_of(*needles).search([Piece("p", b"a value-000017-x, value-099999-x.")])
    assert {hit.marker for hit in found} == {"m17", "m99999"}
