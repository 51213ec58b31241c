"""A simulated terminal's dealings with the hub over HTTP: enrolment and tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from ward_hub.demo.terminal_key import TerminalKey, base64url

TOKEN_PURPOSE = "wardline-token:"  # noqa: S105 - what the signed text begins with, not a secret


class HubAway(Exception):
    """The hub did not answer, or could not do it now: try again."""


class HubRefused(Exception):
    """The hub answered no. `status` is HTTP's, `code` the error's."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token; `expires_at` and `now` are the hub's ms, `terminal` the terminal as enrolled."""

    token: str
    expires_at: int
    now: int
    terminal: Mapping[str, Any]


class HubAccount:
    """One terminal's key and name at one hub."""

    def __init__(self, http: httpx.AsyncClient, terminal: str, key: TerminalKey) -> None:
        self._http = http
        self.terminal = terminal
        self.key = key

    async def enrol(self, code: str) -> Mapping[str, Any]:
        """Give the hub this key against a one-time code. Raises HubAway, HubRefused."""
        return await self._post("/api/enrol", {"code": code, "public_key": self.key.public_key})

    async def token(self) -> Token:
        """Prove the key and return a token. Raises HubAway, HubRefused."""
        challenge = str((await self._post("/api/challenge", {"terminal": self.terminal}))["challenge"])
        signature = self.key.sign(f"{TOKEN_PURPOSE}{challenge}".encode())
        answer = await self._post(
            "/api/token",
            {"terminal": self.terminal, "challenge": challenge, "signature": base64url(signature)},
        )
        return Token(
            str(answer["token"]), int(answer["expires_at"]), int(answer["now"]), dict(answer["terminal"])
        )

    async def _post(self, path: str, body: Mapping[str, str]) -> dict[str, Any]:
        try:
            answer = await self._http.post(path, json=dict(body))
        except httpx.HTTPError as error:
            raise HubAway(f"{path}: {error!r}") from error
        if answer.status_code >= 500 or answer.status_code == 429:
            raise HubAway(f"{path}: {answer.status_code}")
        value = answer.json() if answer.content else {}
        if answer.status_code >= 400:
            told = value.get("error", {}) if isinstance(value, dict) else {}
            raise HubRefused(answer.status_code, str(told.get("code", "")))
        return dict(value)
