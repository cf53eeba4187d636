"""Cases captured from Avro Java and Confluent, and the schemas that several tests share."""

import gzip
import json
from pathlib import Path
from typing import Any

FIXTURES = Path(__file__).parents[1] / "fixtures"


def load_cases(name: str) -> list[dict[str, Any]]:
    """Return the cases of a fixture file."""
    with gzip.open(FIXTURES / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def make_record(*fields: dict[str, Any], name: str = "A") -> str:
    """Return a record schema as text."""
    return json.dumps({"type": "record", "name": name, "fields": list(fields)})


X_INT = make_record({"name": "x", "type": "int"})
X_INT_Y_OPTIONAL = make_record(
    {"name": "x", "type": "int"}, {"name": "y", "type": "int", "default": 0}
)
X_INT_Y_REQUIRED = make_record({"name": "x", "type": "int"}, {"name": "y", "type": "int"})
X_STRING = make_record({"name": "x", "type": "string"})
