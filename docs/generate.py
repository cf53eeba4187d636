"""The reference parts of these pages, made from the code.

    python docs/generate.py             write all of them
    python docs/generate.py types cli   write those of some pages
    python docs/generate.py --check     exit 1 and name the pages that are stale

`connector.schema.json`, by which editors complete connector files, is made whole.
A page has pairs of `<!-- generated: NAME -->` and `<!-- end -->`; what stands between them is
replaced. `PAGES` says which names a page must have.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from cdc.connect.document import describe_schema
from cdc.gate import RULES
from docs import gate, reference, rules, traps, wire

DOCS = Path(__file__).parent

Section = Callable[[], str]

SCHEMA = "connector.schema"

PAGES: Mapping[str, Mapping[str, Section]] = {
    "configuration": {"settings": reference.describe_settings},
    "cli": {"commands": reference.describe_commands},
    "types": {
        "canonical": reference.describe_kinds,
        "mysql": reference.describe_mysql_types,
        "raw": reference.describe_raw_types,
    },
    "policies": {
        "file": rules.describe_policy_file,
        "rules": rules.describe_rules,
        "lints": rules.describe_lints,
    },
    "metrics": {"metrics": reference.describe_metrics},
    "registry": {
        "changes": wire.describe_changes,
        "checks": wire.describe_registry_checks,
        "endpoints": wire.describe_endpoints,
        "errors": wire.describe_wire_errors,
    },
    "doctor/index": {"traps": traps.describe_traps},
    "check": {
        "rules": gate.describe_checks,
        "waivers": gate.describe_waivers,
        "consumers": gate.describe_consumers,
    },
    **{f"checks/{code}": {"rule": partial(gate.describe_check, code)} for code in RULES},
    "exit-codes": {
        "exit codes": reference.describe_exit_codes,
        "errors": reference.describe_error_tree,
    },
}


def render(page: str) -> str:
    """The page's text with its generated parts as they should be.

    Raises:
        ValueError: the page lacks the marks of a part, or has those of one that is not known.
    """
    sections = PAGES[page]
    text = (DOCS / f"{page}.md").read_text()
    marked = re.findall(r"<!-- generated: ([\w ]+) -->", text)
    if sorted(marked) != sorted(sections):
        raise ValueError(f"docs/{page}.md marks {marked}; known: {list(sections)}")
    for name, section in sections.items():
        begin = f"<!-- generated: {name} -->"
        head, _, rest = text.partition(begin)
        tail = rest.partition("<!-- end -->")[2]
        text = f"{head}{begin}\n\n{section()}\n\n<!-- end -->{tail}"
    return text


def render_schema() -> str:
    """The JSON Schema of connector files."""
    return json.dumps(describe_schema(), indent=2) + "\n"


def is_stale(page: str) -> bool:
    """Whether the code says something else than the page."""
    path = path_of(page)
    return not path.exists() or _make(page) != path.read_text()


def path_of(page: str) -> Path:
    """Where a page, or the schema, lies."""
    return DOCS / f"{page}.{'json' if page == SCHEMA else 'md'}"


def _make(page: str) -> str:
    return render_schema() if page == SCHEMA else render(page)


def main(arguments: Sequence[str]) -> int:
    """Write or check pages; the exit code."""
    pages = [name for name in arguments if name != "--check"] or [*PAGES, SCHEMA]
    if "--check" in arguments:
        stale = [page for page in pages if is_stale(page)]
        for page in stale:
            name = path_of(page).name
            sys.stderr.write(f"docs/{name} is stale: python docs/generate.py {page}\n")
        return 1 if stale else 0
    for page in pages:
        path_of(page).write_text(_make(page))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
