"""A served registry, as the tests of `cdc schemas` have it."""

from tests.schemas.conftest import client, url

__all__ = ["client", "url"]
