"""Every kind of thing a change may be about, and who reads and writes it."""

from __future__ import annotations

from collections.abc import Mapping

from ward_hub.documents.port import Json
from ward_hub.office.entities.call_types import CallTypeAdapter
from ward_hub.office.entities.groups import GroupAdapter
from ward_hub.office.entities.hosting import HostingAdapter, HostingRuleAdapter
from ward_hub.office.entities.people import DutyAdapter, StaffAdapter
from ward_hub.office.entities.places import BedAdapter, HospitalAdapter, RoomAdapter, WardAdapter
from ward_hub.office.entities.port import Adapter
from ward_hub.office.entities.terminals import TerminalAdapter
from ward_hub.office.port import Entity


def all_adapters(
    shipped_call_types: Mapping[str, Json], permissions: Adapter, device_schedules: Adapter
) -> Mapping[Entity, Adapter]:
    """The adapters by entity. Permissions and schedules belong to other parts and are given in."""
    return {
        Entity.HOSPITAL: HospitalAdapter(),
        Entity.WARD: WardAdapter(),
        Entity.ROOM: RoomAdapter(),
        Entity.BED: BedAdapter(),
        Entity.GROUP: GroupAdapter(),
        Entity.TERMINAL: TerminalAdapter(),
        Entity.STAFF: StaffAdapter(),
        Entity.DUTY: DutyAdapter(),
        Entity.HOSTING: HostingAdapter(),
        Entity.HOSTING_RULE: HostingRuleAdapter(),
        Entity.CALL_TYPE: CallTypeAdapter(shipped_call_types),
        Entity.PERMISSIONS: permissions,
        Entity.DEVICE_SCHEDULE: device_schedules,
    }
