"""One rule a file; this is their list."""

from collections.abc import Mapping
from typing import Annotated, get_args

from pydantic import Field

from cdc.privacy.transforms.band import Band
from cdc.privacy.transforms.bucket import Bucket
from cdc.privacy.transforms.constant import Constant
from cdc.privacy.transforms.date_part import DatePart
from cdc.privacy.transforms.date_shift import DateShift
from cdc.privacy.transforms.drop import Drop
from cdc.privacy.transforms.email_domain import EmailDomain
from cdc.privacy.transforms.encrypt import Encrypt
from cdc.privacy.transforms.geohash import Geohash
from cdc.privacy.transforms.grid import Grid
from cdc.privacy.transforms.keep import Keep
from cdc.privacy.transforms.lookup import Lookup
from cdc.privacy.transforms.mask import Mask
from cdc.privacy.transforms.null import Null
from cdc.privacy.transforms.rule import Rule
from cdc.privacy.transforms.token import Token
from cdc.privacy.transforms.truncate import Truncate

RULES = (
    Band,
    Bucket,
    Constant,
    DatePart,
    DateShift,
    Drop,
    EmailDomain,
    Encrypt,
    Geohash,
    Grid,
    Keep,
    Lookup,
    Mask,
    Null,
    Token,
    Truncate,
)

AnyRule = Annotated[
    Band
    | Bucket
    | Constant
    | DatePart
    | DateShift
    | Drop
    | EmailDomain
    | Encrypt
    | Geohash
    | Grid
    | Keep
    | Lookup
    | Mask
    | Null
    | Token
    | Truncate,
    Field(discriminator="rule"),
]


def rule_name(rule: type[Rule]) -> str:
    """What a policy calls a rule."""
    (name,) = get_args(rule.model_fields["rule"].annotation)
    return str(name)


RULES_BY_NAME: Mapping[str, type[Rule]] = {rule_name(rule): rule for rule in RULES}
