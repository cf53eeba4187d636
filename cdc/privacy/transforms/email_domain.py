"""`email_domain`: what stands behind the last @."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field

from cdc.privacy.transforms.rule import BoundRule, Context, RefusedRuleError, Rule, columnar_of
from registry.derive.types import STRING

_DOMAIN = re.compile(r"[\w-]{1,63}(?:\.[\w-]{1,63})+")
_LONGEST = 253


class EmailDomain(Rule):
    """Acts on text; the domain of an e-mail address in lower case, nothing of what is before it.

    A text without @, or with anything but a domain of two parts or more behind the last one, gives
    `otherwise`. A domain that one person owns is that person: class and `lookup` are for such.
    NULL stays NULL.

    Example: `email: {class: quasi, rule: email_domain, otherwise: other}`
    """

    rule: Literal["email_domain"]
    otherwise: str | None = Field(None, description="what comes out when there is no domain")

    def bind(self, context: Context) -> BoundRule:
        """Nothing to prepare.

        Raises:
            RefusedRuleError: the column is no text.
        """
        if context.type != STRING:
            raise RefusedRuleError(f"rule `email_domain` acts on text, not on {context.type}")

        def plain(value: Any) -> str | None:
            _, found, domain = value.rpartition("@")
            is_domain = found and len(domain) <= _LONGEST and _DOMAIN.fullmatch(domain)
            return domain.lower() if is_domain else self.otherwise

        return BoundRule(STRING, plain, columnar_of(plain, STRING, STRING))
