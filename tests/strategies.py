"""Generated canonical types and values of them."""

import json
from datetime import date
from decimal import Decimal

from hypothesis import strategies as st

from cdc.forms import canonical_json
from registry.derive.types import KINDS, Canonical

_FIRST_DAY = date(1, 1, 1).toordinal() - date(1970, 1, 1).toordinal()
_LAST_DAY = date(9999, 12, 31).toordinal() - date(1970, 1, 1).toordinal()
_DAY_US = 86_400_000_000
_micros = st.integers(_FIRST_DAY * _DAY_US, (_LAST_DAY + 1) * _DAY_US - 1)
_text = st.text(max_size=20)

_LONGEST_US = (838 * 3600 + 59 * 60 + 59) * 1_000_000
_floats = st.floats(width=32, allow_nan=False, allow_infinity=False)
_documents = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | _text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_text, inner, max_size=3),
    max_leaves=8,
)
_members = st.text(st.characters(exclude_characters=",", codec="utf-8"), min_size=1, max_size=5)

_VALUES = {
    "boolean": st.booleans(),
    "long": st.integers(-(2**63), 2**63 - 1),
    "float": _floats,
    "double": st.floats(allow_nan=False, allow_infinity=False),
    "string": _text,
    "bytes": st.binary(max_size=20),
    "date": st.integers(_FIRST_DAY, _LAST_DAY),
    "timestamp": _micros,
    "local_timestamp": _micros,
    "time": st.integers(-_LONGEST_US, _LONGEST_US),
    "json": _documents.map(json.dumps).map(canonical_json),
    "set": st.lists(_members, max_size=4, unique=True).map(tuple),
    "geometry": st.binary(min_size=5, max_size=30),
    "vector": st.lists(_floats, max_size=5).map(tuple),
}


@st.composite
def canonical_types(draw) -> Canonical:
    """Any canonical type, decimals up to MySQL's 65 digits."""
    kind = draw(st.sampled_from(sorted(KINDS)))
    if kind != "decimal":
        return Canonical(kind)
    precision = draw(st.integers(1, 65))
    return Canonical(kind, precision, draw(st.integers(0, min(30, precision))))


def values_of(canonical: Canonical) -> st.SearchStrategy:
    """Values of a type, in their Python form."""
    if canonical.kind != "decimal":
        return _VALUES[canonical.kind]
    most = 10**canonical.precision - 1
    return st.integers(-most, most).map(lambda whole: _decimal(whole, canonical.scale))


def _decimal(whole: int, scale: int) -> Decimal:
    return Decimal((int(whole < 0), tuple(map(int, str(abs(whole)))), -scale))
