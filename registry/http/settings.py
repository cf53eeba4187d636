"""Endpoints under /config, /mode and /compatibility."""

from collections.abc import Callable
from typing import Any, Final

from registry.compatibility.explain import show
from registry.errors import InvalidSchemaError
from registry.http.bodies import ConfigBody, ModeBody, SchemaBody, parse_body
from registry.http.subjects import read_subject
from registry.http.wire import Call
from registry.model import Subject
from registry.service import RegistryService, Verdict

# Confluent's names for what holds everywhere, besides no name at all
_EVERYWHERE: Final = ("", ":.__GLOBAL:")


def _read_scope(call: Call) -> Subject | None:
    """Return the subject or context (`:.context:`) of the path, None for the whole registry."""
    scope = read_subject(call) if "subject" in call.path else Subject("")
    return None if scope in _EVERYWHERE else scope


def get_config(service: RegistryService, call: Call) -> Any:
    """Settings of a subject or of the registry."""
    config = service.get_config(_read_scope(call), defaults_to_global=call.flag("defaultToGlobal"))
    return dict(config.values)


def put_config(service: RegistryService, call: Call) -> Any:
    """Change settings; answers what was asked for."""
    changes = parse_body(ConfigBody, call.body).to_changes()
    service.change_config(_read_scope(call), changes)
    echo = dict(changes)
    if "compatibilityLevel" in echo:
        echo = {"compatibility": echo.pop("compatibilityLevel"), **echo}
    return echo


def delete_config(service: RegistryService, call: Call) -> Any:
    """Unset settings; answers what they were."""
    return dict(service.clear_config(_read_scope(call)).values)


def get_mode(service: RegistryService, call: Call) -> Any:
    """Mode of a subject or of the registry."""
    mode = service.get_mode(_read_scope(call), defaults_to_global=call.flag("defaultToGlobal"))
    return {"mode": mode}


def put_mode(service: RegistryService, call: Call) -> Any:
    """Set a mode."""
    mode = parse_body(ModeBody, call.body).to_model()
    service.set_mode(_read_scope(call), mode, is_forced=call.flag("force"))
    return {"mode": mode}


def delete_mode(service: RegistryService, call: Call) -> Any:
    """Unset a mode; answers what it was."""
    is_recursive = call.flag("recursive")
    return {"mode": service.clear_mode(_read_scope(call), is_recursive=is_recursive)}


def check_version(service: RegistryService, call: Call) -> Any:
    """Whether a schema may follow one version."""
    subject, version = read_subject(call), call.path["version"]
    return _judge(
        call,
        lambda body: service.check_version(
            subject, version, body.to_model(), normalizes=call.flag("normalize")
        ),
    )


def check_subject(service: RegistryService, call: Call) -> Any:
    """Whether a schema may follow all versions that the level looks at."""
    subject = read_subject(call)
    return _judge(
        call,
        lambda body: service.check_subject(
            subject, body.to_model(), normalizes=call.flag("normalize")
        ),
    )


def _judge(call: Call, check: Callable[[SchemaBody], Verdict]) -> Any:
    """Answer a check; with `verbose`, an invalid schema is a verdict instead of an error."""
    is_verbose = call.flag("verbose")
    body = parse_body(SchemaBody, call.body)
    try:
        verdict = check(body)
    except InvalidSchemaError as error:
        if not is_verbose:
            raise
        verdict = Verdict(is_compatible=False, messages=[str(error)])
    answer: dict[str, Any] = {"is_compatible": verdict.is_compatible}
    if not is_verbose:
        return answer
    # Keys of ours, behind those that clients know and without a meaning for them.
    explained = {} if verdict.is_compatible else show(verdict.explain())
    return {**answer, "messages": verdict.messages, **explained}
