"""YAML files that people write for the gate, read with every mistake named."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from cdc.errors import ConfigError

Model = TypeVar("Model", bound=BaseModel)


def read_model(path: Path, model: type[Model]) -> Model:
    """A file as a model.

    Raises:
        ConfigError: it cannot be read, is not YAML, or has mistakes; the message lists them.
    """
    try:
        tree = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read ({type(error).__name__})") from None
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise ConfigError(f"{path}:{mark.line + 1 if mark else 1}: not YAML") from None
    try:
        return model.model_validate(tree if tree is not None else {})
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        mistakes = (f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in found)
        raise ConfigError(f"{path}: {'; '.join(mistakes)}") from None
