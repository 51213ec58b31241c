"""What the hub answers over HTTP when it says no: a closed list of codes, each with its status and its words.

Body: `{"error": {"code", "message", "message_zh"}}`, with `problems` where single values were refused, and
`Retry-After` where waiting helps.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy.exc import InterfaceError, OperationalError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ward_hub.access.port import AccessRefused
from ward_hub.identity.errors import IdentityRefused
from ward_hub.log.port import LogUnavailable, StorageFull
from ward_hub.office.port import EditsRefused, Problem

log = logging.getLogger(__name__)

PATH_LOGGED = 120
"""Characters of a path in the log: longer than any of ours."""


@dataclass(frozen=True, slots=True)
class ErrorText:
    http_status: int
    message: str
    message_zh: str


ERRORS: Mapping[str, ErrorText] = {
    "malformed": ErrorText(400, "The request is not in the expected form.", "请求格式不正确。"),
    "too_large": ErrorText(413, "The request is too large.", "请求内容过大。"),
    "unauthorized": ErrorText(401, "A valid token is needed.", "需要有效的令牌。"),
    "forbidden": ErrorText(403, "This is not allowed here.", "此处不允许该操作。"),
    "starting": ErrorText(503, "The hub is starting; try again.", "服务正在启动，请稍后重试。"),
    "storage": ErrorText(507, "The hub cannot store anything now.", "服务器暂时无法保存数据。"),
    "not_found": ErrorText(404, "There is nothing here.", "未找到。"),
    "method": ErrorText(405, "This method is not known here.", "不支持该请求方法。"),
    "signed_out": ErrorText(401, "Nobody is signed in.", "尚未登录或登录已过期。"),
    "invalid": ErrorText(422, "Some values cannot be taken.", "部分内容无法保存。"),
    "changed_meanwhile": ErrorText(
        409, "Somebody changed this meanwhile.", "该内容已被他人修改，请刷新后重试。"
    ),
    "still_used": ErrorText(409, "This is still in use.", "仍在使用中，无法删除。"),
    "not_undoable": ErrorText(409, "This change cannot be undone any more.", "该变更已无法撤销。"),
    "not_connected": ErrorText(409, "The terminal is not connected.", "终端当前不在线。"),
    "not_able": ErrorText(409, "The terminal cannot do this.", "该终端不支持此操作。"),
    "in_call": ErrorText(409, "A call is open there.", "该处有进行中的呼叫。"),
    "release_unfit": ErrorText(422, "This is no release of the app.", "不是有效的应用版本包。"),
    "endpoint_refused": ErrorText(422, "This push endpoint is not allowed.", "该推送地址不被允许。"),
    "device_refused": ErrorText(401, "The device's proof does not hold.", "设备校验未通过。"),
    "replayed": ErrorText(409, "This request was sent before.", "该请求已处理过。"),
    "password_weak": ErrorText(
        422,
        "Expected 8 to 128 characters of three of: small, capital, digit, other.",
        "密码需 8 至 128 位，且包含大写、小写、数字、符号中的三类。",
    ),
    "password_used": ErrorText(422, "This password was used before.", "不能使用最近用过的密码。"),
    "password_due": ErrorText(403, "The password must be changed first.", "密码已到期，请先修改。"),
    "pin_refused": ErrorText(403, "The PIN or badge is wrong.", "PIN 或工牌不正确。"),
    "provider": ErrorText(502, "The sign-in service does not answer.", "统一登录服务无响应。"),
    "recording_off": ErrorText(403, "This ward does not record talks.", "本病区未启用录音。"),
    "recording_differs": ErrorText(409, "There is another recording of this talk.", "该通话已有不同的录音。"),
    "code_invalid": ErrorText(
        403, "The enrolment code is unknown, used, or too old.", "登记码无效、已使用或已过期。"
    ),
    "key_invalid": ErrorText(400, "The public key cannot be used.", "公钥无效。"),
    "terminal_unknown": ErrorText(403, "This terminal is not enrolled.", "本终端未登记。"),
    "challenge_invalid": ErrorText(400, "The challenge is used or too old.", "验证码已使用或已过期。"),
    "signature_invalid": ErrorText(403, "The signature is not this terminal's.", "签名与本终端不符。"),
    "token_invalid": ErrorText(401, "The token is not valid.", "令牌无效。"),
    "sign_in_refused": ErrorText(403, "Number or password is wrong.", "工号或密码不正确。"),
    "sign_in_locked": ErrorText(
        429, "Too many tries: this number is locked for a while.", "尝试次数过多，该工号已暂时锁定。"
    ),
    "sign_in_elsewhere": ErrorText(403, "You cannot sign in at this terminal.", "您不能在本终端登录。"),
    "too_many_tries": ErrorText(429, "Too many tries: wait a little.", "尝试次数过多，请稍候。"),
}


class WardError(Exception):
    """A refusal with a code of ERRORS. `detail` says what was expected and what came, for developers;
    `problems` say it of single edits and fields, for people."""

    def __init__(
        self,
        code: str,
        detail: str | None = None,
        retry_after_s: int | None = None,
        problems: Sequence[Problem] = (),
    ) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.retry_after_s = retry_after_s
        self.problems = tuple(problems)

    @property
    def http_status(self) -> int:
        return ERRORS[self.code].http_status


def error_response(error: WardError) -> JSONResponse:
    """The answer that carries the error."""
    text = ERRORS[error.code]
    message = f"{text.message} {error.detail}" if error.detail else text.message
    content: dict[str, object] = {
        "code": error.code,
        "message": message,
        "message_zh": text.message_zh,
    }
    if error.problems:
        content["problems"] = [asdict(problem) for problem in error.problems]
    body = {"error": content}
    headers = {"Cache-Control": "no-store"}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(error.retry_after_s)
    if text.http_status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(body, status_code=text.http_status, headers=headers)


Endpoint = Callable[[Request], Awaitable[Response]]


def answering(endpoint: Endpoint, clock: Callable[[], int]) -> Endpoint:
    """Return the endpoint with its refusals turned into answers. `clock` (ms) is for `Retry-After`."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except WardError as error:
            return _refuse(request, error)
        except IdentityRefused as refused:
            wait_ms = None if refused.retry_at is None else max(0, refused.retry_at - clock())
            retry_after_s = None if wait_ms is None else -(-wait_ms // 1000)
            return _refuse(request, WardError(refused.code.value, retry_after_s=retry_after_s))
        except AccessRefused as refused:
            code = "forbidden" if refused.reason == "permission-denied" else "unauthorized"
            return _refuse(request, WardError(code))
        except EditsRefused as refused:
            return _refuse(request, WardError(refused.code, problems=refused.problems))
        except (LogUnavailable, StorageFull):
            log.exception("the log failed")
            return _refuse(request, WardError("storage", retry_after_s=5))
        except (OperationalError, InterfaceError, ConnectionError):
            # The last two are PostgreSQL's when its server is away.
            log.exception("the SQL store failed")
            return _refuse(request, WardError("storage", retry_after_s=5))

    return answer


def _refuse(request: Request, error: WardError) -> JSONResponse:
    """Answer, and leave a line: never of the body, the query or the headers, where people and tokens are."""
    path = request.scope["path"][:PATH_LOGGED]
    client = request.client.host if request.client else "?"
    log.info("refused %s: %s %r from %s", error.code, request.method, path, client)
    return error_response(error)
