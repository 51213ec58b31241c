"""Which role may do what in the back office (USR-02): as shipped, or as the security administrator set it.

System, security and audit administration stay apart whatever is set (GB/T 22239 level 3): nobody who can give
rights can use them on the wards or clean up behind themselves.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.accounts.tables import RolePermissionsRow
from ward_hub.directory.model import Role
from ward_hub.directory.store import bump_revision
from ward_hub.documents.port import Json
from ward_hub.office.port import EditsRefused, Permission, Problem, Value

P = Permission
ADMINISTRATORS = frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN})
"""Those of the installation: they belong to no ward and see all of them."""
CLINICAL = frozenset({Role.NURSE, Role.HEAD_NURSE, Role.DOCTOR})
"""Those who may see patients."""

_OF_SECURITY = frozenset({P.STAFF_WRITE, P.PERMISSIONS_WRITE})
_OF_AUDIT = frozenset({P.AUDIT_READ, P.AUDIT_EXPORT})
_OF_SYSTEM = frozenset(
    {
        P.WARD_WRITE,
        P.HOSTING_WRITE,
        P.DUTY_WRITE,
        P.TERMINALS_WRITE,
        P.FLEET_CONTROL,
        P.FLEET_RELEASE,
        P.FLEET_VIEW,
        P.FEED_READ,
        P.FEED_REPAIR,
    }
)
FIXED = _OF_SECURITY | _OF_AUDIT
"""Always of their administrator and of nobody else."""

SHIPPED: Mapping[Role, frozenset[Permission]] = {
    Role.NURSE: frozenset(),
    Role.DOCTOR: frozenset(),
    Role.HEAD_NURSE: frozenset(
        {P.WARD_READ, P.HOSTING_WRITE, P.DUTY_WRITE, P.JOURNAL_READ, P.JOURNAL_EXPORT}
    ),
    Role.ENGINEER: frozenset(
        {
            P.WARD_READ,
            P.WARD_WRITE,
            P.TERMINALS_WRITE,
            P.FLEET_CONTROL,
            P.FLEET_VIEW,
            P.FEED_READ,
            P.FEED_REPAIR,
            P.JOURNAL_READ,
        }
    ),
    Role.SYSTEM_ADMIN: _OF_SYSTEM | {P.WARD_READ, P.JOURNAL_READ},
    Role.SECURITY_ADMIN: _OF_SECURITY | {P.WARD_READ},
    Role.AUDIT_ADMIN: _OF_AUDIT | {P.JOURNAL_READ, P.JOURNAL_EXPORT},
}
_NEVER: Mapping[Role, frozenset[Permission]] = {
    Role.SECURITY_ADMIN: _OF_AUDIT | _OF_SYSTEM,
    Role.AUDIT_ADMIN: _OF_SECURITY | _OF_SYSTEM,
}
_ALWAYS: Mapping[Role, frozenset[Permission]] = {
    Role.SECURITY_ADMIN: _OF_SECURITY,
    Role.AUDIT_ADMIN: _OF_AUDIT,
}


def kept_apart(role: Role, permissions: frozenset[Permission]) -> frozenset[Permission]:
    """These permissions without those the role may never have, with those it always has."""
    return (permissions - _NEVER.get(role, FIXED)) | _ALWAYS.get(role, frozenset())


class RolePermissions:
    """What roles may do, as last read; asked with the directory's revision, by which it notices changes."""

    def __init__(self) -> None:
        self._revision = -1
        self._held: Mapping[Role, frozenset[Permission]] = SHIPPED

    async def of(self, session: AsyncSession, role: Role, revision: int) -> frozenset[Permission]:
        """The permissions of the role at this revision of the directory."""
        if revision != self._revision:
            self._held = {one: frozenset(await _permissions(session, one)) for one in Role}
            self._revision = revision
        return self._held[role]


async def read(session: AsyncSession, ward: str | None, id: str) -> Value | None:
    """The value of entity `permissions`: `id` is a role, `ward` always None; None for no role of ours."""
    if id not in list(Role):
        return None
    # In the order it was written in: a change is taken back only where what it made is what is there.
    return {"permissions": [one.value for one in await _permissions(session, Role(id))]}


async def write(session: AsyncSession, ward: str | None, id: str, value: Value | None) -> None:
    """Set what the role may do; None: as shipped. Raises EditsRefused(`invalid`)."""
    if id not in list(Role):
        raise _refused("id", f"{id[:40]} is no role.", "没有该角色。")
    role = Role(id)
    await session.execute(delete(RolePermissionsRow).where(RolePermissionsRow.role == role.value))
    if value is not None:
        permissions = _checked(role, value)
        if permissions != _ordered(SHIPPED[role]):
            listed = [one.value for one in permissions]
            session.add(RolePermissionsRow(role=role.value, permissions=listed))
    await bump_revision(session)


async def describe(session: AsyncSession) -> dict[str, Json]:
    """What GET /api/office/permissions answers: each role's permissions now and as shipped, and `fixed`."""
    return {
        "roles": {
            role.value: {
                "permissions": [one.value for one in await _permissions(session, role)],
                "shipped": [one.value for one in _ordered(SHIPPED[role])],
            }
            for role in Role
        },
        "fixed": [one.value for one in _ordered(FIXED)],
    }


async def _permissions(session: AsyncSession, role: Role) -> list[Permission]:
    stored = await session.scalar(
        select(RolePermissionsRow.permissions).where(RolePermissionsRow.role == role.value)
    )
    if stored is None:
        return _ordered(SHIPPED[role])
    # Whatever stands in the table: a permission that is gone is nobody's, and roles stay apart.
    listed = [Permission(one) for one in stored if one in list(Permission)]
    held = kept_apart(role, frozenset(listed))
    return [one for one in listed if one in held] + _ordered(held.difference(listed))


def _checked(role: Role, value: Value) -> list[Permission]:
    given = value.get("permissions")
    if value.keys() != {"permissions"} or not isinstance(given, list):
        raise _refused("permissions", "Expected a list of permissions.", "应为权限列表。")
    unknown = [one for one in given if not isinstance(one, str) or one not in list(Permission)]
    if unknown or len(set(map(str, given))) != len(given):
        raise _refused("permissions", "Expected known permissions, each once.", "含有未知或重复的权限。")
    permissions = [Permission(str(one)) for one in given]
    wrong = frozenset(permissions) ^ kept_apart(role, frozenset(permissions))
    if wrong:
        named = ", ".join(one.value for one in _ordered(wrong))
        raise _refused(
            "permissions",
            f"System, security and audit administration stay apart: {named}.",
            f"系统、安全、审计三类管理权限必须分离：{named}。",
        )
    return permissions


def _ordered(permissions: frozenset[Permission]) -> list[Permission]:
    return [one for one in Permission if one in permissions]


def _refused(field: str, message: str, message_zh: str) -> EditsRefused:
    return EditsRefused("invalid", (Problem(0, field, message, message_zh),))
