"""The registry's use cases over one store; `open_registry` makes one from a database URL."""

from registry.service.finding import LATEST, NO_SUBJECT, Description
from registry.service.objections import Verdict
from registry.service.registering import Registration
from registry.service.tagging import TagChange
from registry.service.use_cases import Page, RegistryService, open_registry

__all__ = [
    "LATEST",
    "NO_SUBJECT",
    "Description",
    "Page",
    "Registration",
    "RegistryService",
    "TagChange",
    "Verdict",
    "open_registry",
]
