"""The back office: who works in it, what they may, and what a change of the configuration is.

Values only. `changes.py` carries changes out, `edge/office_session.py` finds out who asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from ward_hub.access.port import AccessRefused
from ward_hub.documents.port import Json


class Permission(StrEnum):
    """What a role may be given (USR-02). The part before the dot groups them on the screen."""

    WARD_READ = "ward.read"
    WARD_WRITE = "ward.write"
    HOSTING_WRITE = "hosting.write"
    DUTY_WRITE = "duty.write"
    STAFF_WRITE = "staff.write"
    PERMISSIONS_WRITE = "permissions.write"
    TERMINALS_WRITE = "terminals.write"
    FLEET_CONTROL = "fleet.control"
    FLEET_RELEASE = "fleet.release"
    FLEET_VIEW = "fleet.view"
    FEED_READ = "feed.read"
    FEED_REPAIR = "feed.repair"
    JOURNAL_READ = "journal.read"
    JOURNAL_EXPORT = "journal.export"
    AUDIT_READ = "audit.read"
    AUDIT_EXPORT = "audit.export"


@dataclass(frozen=True, slots=True)
class OfficePrincipal:
    """A person signed in to the back office. `ward` None: all wards. `clinical`: may see patients."""

    staff: str
    name: str
    role: str
    ward: str | None
    permissions: frozenset[Permission]
    clinical: bool
    session: str
    address: str

    def sees(self, ward: str | None) -> bool:
        """Whether the ward is theirs; what belongs to no ward is for those of no ward."""
        return self.ward is None or self.ward == ward

    def may(self, permission: Permission, ward: str | None = None) -> bool:
        """Whether they hold the permission, in the ward where one is given."""
        return permission in self.permissions and (ward is None or self.sees(ward))

    def require(self, permission: Permission, ward: str | None = None) -> None:
        """Raises AccessRefused unless they hold the permission (in the ward, where one is given)."""
        if not self.may(permission, ward):
            raise AccessRefused("permission-denied")


class Entity(StrEnum):
    """What a change may be about. Ids are of the ward where `Edit.ward` is set, else of the installation."""

    HOSPITAL = "hospital"
    WARD = "ward"
    ROOM = "room"
    BED = "bed"
    GROUP = "group"
    TERMINAL = "terminal"
    STAFF = "staff"
    DUTY = "duty"
    HOSTING = "hosting"
    HOSTING_RULE = "hosting_rule"
    CALL_TYPE = "call_type"
    PERMISSIONS = "permissions"
    DEVICE_SCHEDULE = "device_schedule"


Value = Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Edit:
    """One thing made (`before` None), changed, or removed (`after` None). Values are whole, never parts."""

    entity: Entity
    ward: str | None
    id: str
    before: Value | None
    after: Value | None

    def inverse(self) -> Edit:
        return Edit(self.entity, self.ward, self.id, self.after, self.before)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why an edit or a row of an import cannot be taken: its number from 0, the field, words for people."""

    index: int
    field: str | None
    message: str
    message_zh: str


class EditsRefused(Exception):
    """None of the edits was carried out. `code`, of edge/errors.py: invalid, changed_meanwhile, still_used,
    not_undoable."""

    def __init__(self, code: str, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(code)
        self.code = code
        self.problems = problems
