"""Generated canonical types and values of them."""

from datetime import date
from decimal import Decimal

from hypothesis import strategies as st

from registry.derive.types import KINDS, Canonical

_FIRST_DAY = date(1, 1, 1).toordinal() - date(1970, 1, 1).toordinal()
_LAST_DAY = date(9999, 12, 31).toordinal() - date(1970, 1, 1).toordinal()
_DAY_US = 86_400_000_000
_micros = st.integers(_FIRST_DAY * _DAY_US, (_LAST_DAY + 1) * _DAY_US - 1)
_text = st.text(max_size=20)

_VALUES = {
    "boolean": st.booleans(),
    "long": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(width=32, allow_nan=False, allow_infinity=False),
    "double": st.floats(allow_nan=False, allow_infinity=False),
    "string": _text,
    "bytes": st.binary(max_size=20),
    "date": st.integers(_FIRST_DAY, _LAST_DAY),
    "timestamp": _micros,
    "local_timestamp": _micros,
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
