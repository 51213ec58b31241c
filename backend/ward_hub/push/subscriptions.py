"""Where PDAs are reached: one subscription a terminal, in SQL and in memory. One hub writes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import delete, select

from ward_hub.db.engine import Database
from ward_hub.identity.keys import POINT_BYTES, decode_base64url, is_public_key
from ward_hub.push.tables import PushSubscription
from ward_hub.push.words import Language

AUTH_BYTES = 16
"""The authentication secret (RFC 8291, 3.2)."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """A browser's subscription: `p256dh` and `auth` in base64url (W3C Push API, PushSubscription)."""

    terminal: str
    key_mark: str
    endpoint: str
    p256dh: str
    auth: str
    language: Language


class KeysRefused(Exception):
    """Keys that nothing can be encrypted to; the message says what was expected."""


def check_keys(p256dh: str, auth: str) -> None:
    """Raises KeysRefused when the two are not what a browser gives."""
    point = decode_base64url(p256dh, POINT_BYTES)
    if point is None or not is_public_key(point):
        raise KeysRefused("expected p256dh to be a P-256 point in base64url")
    if decode_base64url(auth, AUTH_BYTES) is None:
        raise KeysRefused(f"expected auth to be {AUTH_BYTES} bytes in base64url")


class Subscriptions:
    """All subscriptions, read without waiting."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._held: dict[str, Subscription] = {}

    async def load(self) -> None:
        """Read what is kept; once at start."""
        async with self._database.session() as session:
            rows = await session.scalars(select(PushSubscription))
            self._held = {
                row.terminal: Subscription(
                    row.terminal,
                    row.key_mark,
                    row.endpoint,
                    row.p256dh,
                    row.auth,
                    "en" if row.language == "en" else "zh",
                )
                for row in rows
            }

    def of(self, terminal: str) -> Subscription | None:
        return self._held.get(terminal)

    def all(self) -> Mapping[str, Subscription]:
        return self._held

    async def put(self, given: Subscription, now: int) -> bool:
        """Keep the terminal's subscription in place of the one before; returns whether its endpoint is new.

        An endpoint belongs to one terminal: a browser that moved to another slot leaves the first.
        """
        before = self._held.get(given.terminal)
        if before == given:
            return False
        async with self._database.session.begin() as session:
            await session.execute(
                delete(PushSubscription).where(
                    PushSubscription.endpoint == given.endpoint, PushSubscription.terminal != given.terminal
                )
            )
            await session.merge(
                PushSubscription(
                    terminal=given.terminal,
                    key_mark=given.key_mark,
                    endpoint=given.endpoint,
                    p256dh=given.p256dh,
                    auth=given.auth,
                    language=given.language,
                    since=now,
                )
            )
        others = [
            held.terminal
            for held in self._held.values()
            if held.endpoint == given.endpoint and held.terminal != given.terminal
        ]
        for terminal in others:
            del self._held[terminal]
        self._held[given.terminal] = given
        return before is None or before.endpoint != given.endpoint or before.p256dh != given.p256dh

    async def drop(self, terminal: str, endpoint: str | None = None) -> bool:
        """Forget the terminal's subscription (only while it is `endpoint`, when given); returns whether."""
        held = self._held.get(terminal)
        if held is None or (endpoint is not None and held.endpoint != endpoint):
            return False
        async with self._database.session.begin() as session:
            await session.execute(delete(PushSubscription).where(PushSubscription.terminal == terminal))
        self._held.pop(terminal, None)
        return True
