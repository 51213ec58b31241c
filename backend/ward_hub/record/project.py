"""The record as documents: bed cards, doors, the whiteboard, each with only what its screen may hold. Pure.

Masked names, private diagnoses and what is left out are decided here and nowhere after. Keys: docs/feed.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from ward_hub.directory.model import Priority
from ward_hub.documents.port import Json
from ward_hub.ingest.ports import RoomPlace, WardPlaces
from ward_hub.record.age import age_text
from ward_hub.record.encounter import Encounter, course
from ward_hub.record.masking import board_name, door_name, full_name

Values = dict[str, Json]


@dataclass(frozen=True, slots=True)
class Show:
    """What the projections need beside the record: the local day, and what stands for a private operation."""

    today: date
    hidden_surgery: str = "手术"
    services: Mapping[str, str] = field(default_factory=dict)
    """department, in capitals → the ward that is its own"""


def card(encounter: Encounter, bed: str | None, show: Show) -> Values:
    """Return `stay/{s}/card`. A private diagnosis is only a mark here (CARD-08)."""
    diagnosis = _object(encounter, "diagnosis")
    private = bool(diagnosis.get("private"))
    payment: dict[str, Json] = {"arrears": encounter.value("arrears") is True}
    if kind := _text(encounter, "payment_kind"):
        payment["kind"] = kind
    return _filled(
        {
            "stay": encounter.stay,
            "bed": bed,
            "name": full_name(*_names(encounter)),
            "sex": _text(encounter, "sex") or "U",
            "age_text": age_text(_text(encounter, "birth_date"), show.today),
            "inpatient_number": _text(encounter, "inpatient_number"),
            "admitted_at": admitted_at(encounter),
            "doctor": _text(encounter, "doctor"),
            "nurse": _text(encounter, "nurse"),
            "care_level": _text(encounter, "care_level"),
            "condition": _text(encounter, "condition"),
            "diet": _list(encounter, "diet"),
            "allergies": _list(encounter, "allergies"),
            "no_known_allergy": encounter.value("no_known_allergy") is True,
            "risks": _list(encounter, "risks"),
            "isolation": _list(encounter, "isolation"),
            "payment": payment,
            "diagnosis": None if private else diagnosis.get("text"),
            "diagnosis_private": private,
            "surgery": _surgery(encounter, show),
            "updated_at": max((said.at for said in encounter.particulars.values()), default=0),
        }
    )


def clinical(encounter: Encounter, ward: str, show: Show) -> Values:
    """Return `stay/{s}/clinical`: what staff may see and a bedside must not hold.

    `ward`: where the patient is. Which department treats can tell a private diagnosis, so `loaned` is here.
    """
    diagnosis, surgery = _object(encounter, "diagnosis"), _object(encounter, "surgery")
    return _filled(
        {
            "diagnosis": diagnosis.get("text"),
            "diagnosis_code": diagnosis.get("code"),
            "surgery": {key: value for key, value in surgery.items() if key != "private"} or None,
            "service": _text(encounter, "service"),
            "loaned": loaned(encounter, ward, show),
        }
    )


def door(ward: WardPlaces, room: RoomPlace, beds: Mapping[str, Encounter]) -> dict[str, Values]:
    """Return `ward/{w}/room/{r}/door`. `beds`: bed → who lies there."""
    shown: Values = {}
    team: Values = {}
    members = [*ward.leaders]
    for bed in room.beds:
        encounter = beds.get(bed.id)
        shown[bed.id] = {"label": bed.label}
        if encounter is None:
            continue
        shown[bed.id] = {"label": bed.label, **_door_marks(encounter), "name": door_name(*_names(encounter))}
        for role in ("doctor", "nurse"):
            if name := _text(encounter, role):
                members.append((role, name))
    for order, (role, name) in enumerate(dict.fromkeys(members)):
        team[f"{role}-{order}"] = {"role": role, "name": name, "order": order}
    return {"room": {"id": room.id, "name": room.name}, "beds": shown, "team": team}


def loaned(encounter: Encounter, ward: str, show: Show) -> Json:
    """Return {department, ward?} of a patient in a borrowed bed (借床, LOAN-01), else None.

    Borrowed is a bed of a ward that departments are named for, by a patient whose department (PV1-10) is none
    of them; `ward` is the department's own where it is one of this hub.
    """
    service = _text(encounter, "service")
    if not service or ward not in show.services.values():
        return None
    home = show.services.get(service.upper())
    if home == ward:
        return None
    value: dict[str, Json] = {"department": service}
    return value if home is None else {**value, "ward": home}


def board(
    ward: WardPlaces, beds: Mapping[str, Encounter], without_bed: int, show: Show, loaned_out: int = 0
) -> dict[str, Values]:
    """Return `ward/{w}/board`: every bed with its masked patient, and the counts.

    `loaned_out`: patients of the ward's departments who lie in other wards of this hub.
    """
    shown: Values = {}
    for room in ward.rooms:
        for bed in room.beds:
            entry: Values = {"label": bed.label, "room": room.id}
            if (encounter := beds.get(bed.id)) is not None:
                entry |= _board_entry(encounter, show)
                if loaned(encounter, ward.id, show) is not None:
                    entry["loaned"] = True
            shown[bed.id] = entry
    borrowed = sum(1 for one in beds.values() if loaned(one, ward.id, show) is not None)
    counts = {**_counts(ward, beds, without_bed), "loaned_in": borrowed, "loaned_out": loaned_out}
    return {"beds": shown, "counts": counts}


def priorities(ward: WardPlaces, beds: Mapping[str, Encounter]) -> dict[str, Priority]:
    """Return bed → class in the call list: special and first care level come before routine (A9)."""
    return {
        bed.id: _priority(_text(beds[bed.id], "care_level")) if bed.id in beds else "routine"
        for room in ward.rooms
        for bed in room.beds
    }


def _priority(care_level: str) -> Priority:
    if care_level == "special":
        return "special"
    return "first" if care_level == "first" else "routine"


def admitted_at(encounter: Encounter) -> int | None:
    """Return when the stay began, in ms: as the hospital says (PV1-44), else the admission's event."""
    said = encounter.value("admitted_at")
    if isinstance(said, int):
        return said
    folded = course(encounter.movements)
    if folded.admitted_at is not None:
        return folded.admitted_at
    return folded.spans[0].since[0] if folded.spans else None


def _board_entry(encounter: Encounter, show: Show) -> Values:
    return {
        "name": board_name(*_names(encounter)),
        **_filled(
            {
                **_marks(encounter),
                "age_text": age_text(_text(encounter, "birth_date"), show.today),
                "condition": _text(encounter, "condition"),
                "diet": _list(encounter, "diet"),
                "arrears": encounter.value("arrears") is True,
                "doctor": _text(encounter, "doctor"),
                "nurse": _text(encounter, "nurse"),
                "admitted_at": admitted_at(encounter),
                "surgery": _surgery(encounter, show),
            }
        ),
    }


DOOR_RISKS = frozenset({"fall"})
"""Of the risks, what a passer-by in the corridor may read."""


def _door_marks(encounter: Encounter) -> Values:
    """What a door shows of a patient: who comes in must know of isolation and falls, not of the rest."""
    return _filled(
        {
            "sex": _text(encounter, "sex") or "U",
            "care_level": _text(encounter, "care_level"),
            "risks": [risk for risk in _list(encounter, "risks") if risk in DOOR_RISKS],
            "isolation": _list(encounter, "isolation"),
        }
    )


def _marks(encounter: Encounter) -> Values:
    """What the whiteboard shows of a patient."""
    return _filled(
        {
            "sex": _text(encounter, "sex") or "U",
            "care_level": _text(encounter, "care_level"),
            "risks": _list(encounter, "risks"),
            "isolation": _list(encounter, "isolation"),
            "allergy": bool(_list(encounter, "allergies")),
        }
    )


def _counts(ward: WardPlaces, beds: Mapping[str, Encounter], without_bed: int) -> Values:
    total = sum(len(room.beds) for room in ward.rooms)
    levels = [_text(one, "care_level") for one in beds.values()]
    conditions = [_text(one, "condition") for one in beds.values()]
    return {
        "beds": total,
        "patients": len(beds) + without_bed,
        "free": total - len(beds),
        "without_bed": without_bed,
        **{level: levels.count(level) for level in ("special", "first", "second", "third")},
        **{condition: conditions.count(condition) for condition in ("critical", "serious")},
        "isolation": sum(1 for one in beds.values() if _list(one, "isolation")),
        "allergy": sum(1 for one in beds.values() if _list(one, "allergies")),
        "arrears": sum(1 for one in beds.values() if one.value("arrears") is True),
    }


def _surgery(encounter: Encounter, show: Show) -> Json:
    """The operation for screens that others see: its name only if it does not tell a private diagnosis."""
    surgery = _object(encounter, "surgery")
    if not surgery:
        return None
    private = bool(surgery.get("private")) or bool(_object(encounter, "diagnosis").get("private"))
    shown: Values = {"name": show.hidden_surgery if private else surgery.get("name")}
    if "at" in surgery:
        shown["at"] = surgery["at"]
    return shown


def _names(encounter: Encounter) -> tuple[str, str]:
    name = _object(encounter, "name")
    return str(name.get("family", "")), str(name.get("given", ""))


def _text(encounter: Encounter, name: str) -> str:
    value = encounter.value(name)
    return value if isinstance(value, str) else ""


def _list(encounter: Encounter, name: str) -> list[Json]:
    value = encounter.value(name)
    return value if isinstance(value, list) else []


def _object(encounter: Encounter, name: str) -> dict[str, Json]:
    value = encounter.value(name)
    return value if isinstance(value, dict) else {}


def _filled(values: Values) -> Values:
    """Without the keys of which nothing is known; false and empty lists are known."""
    return {name: value for name, value in values.items() if value is not None and value != ""}
