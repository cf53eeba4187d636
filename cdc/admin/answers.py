"""JSON answers."""

from http import HTTPStatus

import orjson
from starlette.responses import Response


def answer_json(body: object, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """A body of what JSON can say: mappings, lists, dataclass instances."""
    return Response(orjson.dumps(body), int(status), media_type="application/json")
