"""The door of the back office: what every route of it asks, and nothing of how the answer is found."""

from __future__ import annotations

from typing import Protocol

from starlette.requests import Request

from ward_hub.office.port import OfficePrincipal


class OfficeDoor(Protocol):
    """Says who asks."""

    async def who(self, request: Request) -> OfficePrincipal:
        """Return who is signed in; the request counts as activity.

        Raises WardError: `signed_out`, `password_due` (nothing but a new password is open to them),
        `forbidden` (an unsafe method without the header that other sites' forms cannot set).
        """
        ...
