"""The rules of `cdc doctor`, as the code has them."""

from __future__ import annotations

from cdc.doctor import AREAS
from docs.markdown import table


def describe_traps() -> str:
    """A table for each area; each code is a link to its page."""
    return "\n\n".join(
        f"## {area.title}\n\nNeeds {area.needs}.\n\n"
        + table(
            ["rule", "severity", "what it finds"],
            ([f"[{r.code}]({r.code}.md)", str(r.severity), r.says] for r in area.rules),
        )
        for area in AREAS
    )
