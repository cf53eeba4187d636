"""What readers of a topic may not see change, though a registry lets it pass.

Registries compare Avro types alone: to them a DATETIME that becomes a TIMESTAMP is a long as
before, a DECIMAL of another scale the same bytes. Here a column's canonical type is compared. It
stays for as long as the topic lives; only a decimal may get more digits before its point.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from registry.derive.record import GovernedColumn, avro_name
from registry.derive.types import Canonical


def find_changed_meanings(
    old: Sequence[GovernedColumn], new: Sequence[GovernedColumn]
) -> Iterator[str]:
    """Per column that readers of `old` would misread: `name: old type becomes new type`."""
    before = {avro_name(column.name): column.type for column in old}
    for column in new:
        known = before.get(avro_name(column.name))
        if known is not None and not keeps_meaning(known, column.type):
            yield f"{column.name}: {known} becomes {column.type}"


def keeps_meaning(old: Canonical, new: Canonical) -> bool:
    """Whether readers of one type may be given values of the other, and the other way round."""
    if old.kind == new.kind == "decimal":
        return old.scale == new.scale and old.precision <= new.precision
    return old.avro() == new.avro()
