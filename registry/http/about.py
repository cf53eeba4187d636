"""Endpoints about the registry itself."""

from importlib.metadata import PackageNotFoundError, version
from typing import Any

from registry.http.wire import Call, NoContent
from registry.model import Context
from registry.service import RegistryService


def get_root(_service: RegistryService, _call: Call) -> Any:
    """An empty object: clients ask it to see whether somebody is there."""
    return {}


def list_contexts(service: RegistryService, call: Call) -> Any:
    """The contexts, the default one (`.`) first."""
    prefix = call.text("contextPrefix")
    return call.page.cut([name for name in service.list_contexts() if name.startswith(prefix)])


def delete_context(service: RegistryService, call: Call) -> Any:
    """Let go of a context without subjects; it may be written `.name` or `:.name:`."""
    service.delete_context(Context(call.path["context"].strip(":")))
    return NoContent()


def get_id(service: RegistryService, _call: Call) -> Any:
    """Who this registry is."""
    clusters = {
        "kafka-cluster": service.get_registry_id(),
        "schema-registry-cluster": "schema-registry",
    }
    return {"id": "", "scope": {"path": [], "clusters": clusters}}


def get_version(_service: RegistryService, _call: Call) -> Any:
    """Which release this is."""
    try:
        return {"version": version("headworks"), "commitId": ""}
    except PackageNotFoundError:  # run from a checkout that is not installed
        return {"version": "0", "commitId": ""}


def get_deployment(_service: RegistryService, _call: Call) -> Any:
    """How this registry is deployed: nothing to say."""
    return {"attributes": []}
