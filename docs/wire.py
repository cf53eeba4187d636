"""The registry's endpoints and errors, formats of findings, and what `registry check` tries."""

from __future__ import annotations

import inspect

from cdc.exchange.conformance import CHECKS
from docs.markdown import code, table
from registry.compatibility.explain import Change
from registry.compatibility.explain_words import REMEDIES
from registry.errors import WIRE_ERRORS
from registry.http import ENDPOINTS


def describe_endpoints() -> str:
    """Every endpoint, with its query parameters."""
    return table(
        ["endpoint", "query", "what it answers"],
        (
            [
                code(f"{each.method} {each.path}"),
                ", ".join(map(code, each.query)),
                (inspect.getdoc(each.handler) or "").partition("\n")[0],
            ]
            for each in sorted(ENDPOINTS, key=lambda each: (each.path, each.method))
        ),
    )


def describe_wire_errors() -> str:
    """Every error code, its HTTP status, and when it is answered."""
    return table(
        ["error_code", "HTTP", "when"],
        (
            [str(wire.code), str(wire.status), (inspect.getdoc(error) or "").partition("\n")[0]]
            for error, wire in sorted(WIRE_ERRORS.items(), key=lambda pair: pair[1].code)
        ),
    )


def describe_changes() -> str:
    """Every change that an explanation may name, and its remedy."""
    words = {"field": "the field", "old": "the old type", "new": "the new type"}
    words["detail"] = "what is named"
    return table(
        ["code", "remedy"],
        ([code(change), REMEDIES[change].format_map(words)] for change in Change),
    )


def describe_registry_checks() -> str:
    """What `cdc registry check` tries, and what degrades where it does not work."""
    return table(
        ["tried", "essential", "without it"],
        ([each.name, "yes" if each.is_essential else "", each.degrades] for each in CHECKS),
    )
