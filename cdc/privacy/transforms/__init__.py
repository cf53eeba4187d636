"""One rule a file; this is their list."""

from typing import Annotated

from pydantic import Field

from cdc.privacy.transforms.drop import Drop
from cdc.privacy.transforms.grid import Grid
from cdc.privacy.transforms.keep import Keep
from cdc.privacy.transforms.lookup import Lookup
from cdc.privacy.transforms.token import Token

RULES = (Drop, Grid, Keep, Lookup, Token)

AnyRule = Annotated[Drop | Grid | Keep | Lookup | Token, Field(discriminator="rule")]
