"""What is not there, said in the hub's own form: under /api every refusal is JSON with a code of errors.py.

The pages keep Starlette's plain answers: a browser that asks for a file wants no JSON.
"""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from ward_hub.edge.errors import WardError, error_response

_CODES = {404: "not_found", 405: "method"}


async def answer_http_exception(request: Request, error: Exception) -> Response:
    """For Starlette: `exception_handlers={HTTPException: answer_http_exception}`."""
    if not isinstance(error, HTTPException):
        raise error
    code = _CODES.get(error.status_code)
    if code is None or not request.scope["path"].startswith("/api/"):
        empty = error.status_code in {204, 304}
        if empty:
            return Response(status_code=error.status_code, headers=error.headers)
        return PlainTextResponse(error.detail, status_code=error.status_code, headers=error.headers)
    answer = error_response(WardError(code))
    if error.headers:
        answer.headers.update(error.headers)
    return answer
