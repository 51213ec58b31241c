"""What each screen's document holds of a message, and what it must not."""

from __future__ import annotations

from tests.backend.ingest.conftest import Feed, feed
from tests.backend.ingest.feeding import message, minutes

__all__ = ["feed"]

STORY = (
    "AL1|1|DA|P1^青霉素|SV",
    "AL1|2|FA|F1^海鲜|MI",
    "DG1|1||S22.4^多发肋骨骨折^ICD10|||A|||||||||2",
    "DG1|2||Q67.6^漏斗胸^ICD10|||A|||||||||1",
    "OBX|1|CWE|CARE_LEVEL||1^一级护理",
    "OBX|2|CWE|CONDITION||^病重",
    "OBX|3|CWE|DIET||^半流质~^低盐",
    "OBX|4|CWE|RISK||^跌倒",
    "OBX|5|CWE|RISK||^管路不明~^压疮",
    "OBX|6|CWE|ISOLATION||^接触隔离",
    "OBX|7|CWE|PAYMENT||^职工医保",
    "OBX|8|CWE|ARREARS||Y",
    "OBX|9|CWE|NURSE||N1^林^晓月",
    "OBX|10|CWE|SURGERY||OP1^漏斗胸矫治术（Nuss）||||||F|||20260103083000",
)


async def test_a_bed_card_holds_all_that_was_said(feed: Feed) -> None:
    """CARD-01 to CARD-12."""
    await feed.send(message("A01", minutes(0), name="张^小三~ZHANG^XIAOSAN", extra=STORY))
    stay = feed.stays()["b01"]
    assert feed.card("b01") == {
        "stay": stay,
        "bed": "b01",
        "name": "张小三",
        "sex": "M",
        "age_text": "45岁",
        "inpatient_number": "V1",
        "admitted_at": minutes(0),
        "doctor": "陆景明",
        "nurse": "林晓月",
        "care_level": "first",
        "condition": "serious",
        "diet": ["半流质", "低盐"],
        "allergies": [
            {"substance": "青霉素", "severity": "severe"},
            {"substance": "海鲜", "severity": "mild"},
        ],
        "no_known_allergy": False,
        "risks": ["fall", "管路不明", "pressure_injury"],
        "isolation": ["contact"],
        "payment": {"kind": "职工医保", "arrears": True},
        "diagnosis": "漏斗胸",
        "diagnosis_private": False,
        "surgery": {"name": "漏斗胸矫治术（Nuss）", "at": minutes(0) + 44 * 3_600_000 + 30 * 60_000},
        "updated_at": minutes(0),
    }
    assert feed.beds.stays["b01"] == stay
    assert feed.beds.priorities == {
        "b01": "first",
        "b02": "routine",
        "b03": "routine",
        "b04": "routine",
        "b05": "routine",
    }


async def test_door_and_board_hold_masked_names_and_no_diagnosis(feed: Feed) -> None:
    """CARD-08, domain 5.6: the hub projects, the screen does not hide."""
    await feed.send(message("A01", minutes(0), name="张^小三", extra=STORY))
    door = feed.documents.held["ward/thoracic/room/r01/door"]
    assert door["room"] == {"id": "r01", "name": "701"}
    assert door["beds"] == {
        "b01": {
            "label": "1",
            "name": "张*三",
            "sex": "M",
            "care_level": "first",
            "risks": ["fall"],
            "isolation": ["contact"],
        },
        "b02": {"label": "2"},
    }
    assert [member["name"] for member in door["team"].values() if isinstance(member, dict)] == [
        "陆景明",
        "顾云溪",
        "陆景明",
        "林晓月",
    ]
    board = feed.documents.held["ward/thoracic/board"]
    entry = board["beds"]["b01"]
    assert isinstance(entry, dict)
    assert entry["name"] == "张**"
    assert entry["arrears"] is True
    assert board["counts"]["patients"] == 1
    assert board["counts"]["first"] == 1
    for shown in (door, board):
        assert "张小三" not in repr(shown)
        assert "diagnosis" not in repr(shown)


async def test_a_private_diagnosis_is_only_in_clinical(feed: Feed) -> None:
    """CARD-08: neither the card nor the operation's name tells it."""
    story = (
        "DG1|1||C49.3^胸壁恶性肿瘤|||A",
        "OBX|1|CWE|SURGERY||OP^胸壁肿瘤切除术||||||F|||20260103083000",
    )
    await feed.send(message("A01", minutes(0), extra=story))
    card = feed.card("b01")
    assert "diagnosis" not in card
    assert card["diagnosis_private"] is True
    assert card["surgery"] == {"name": "手术", "at": minutes(44 * 60 + 30)}
    holders = [name for name, roots in feed.documents.held.items() if "肿瘤" in repr(roots)]
    assert holders == [f"stay/{feed.stays()['b01']}/clinical"]


async def test_no_screen_keeps_the_name_after_a_discharge(feed: Feed) -> None:
    """A21: card emptied, bed, door and board free, rights told, in one round."""
    await feed.send(message("A01", minutes(0), name="张^小三", extra=STORY))
    feed.documents.order.clear()
    await feed.send(message("A03", minutes(9)))
    assert "张" not in feed.documents.text()
    assert "漏斗胸" not in feed.documents.text()
    assert feed.beds.stays["b01"] is None
    kinds = [name.rsplit("/", 1)[1] for name in feed.documents.order]
    assert kinds == ["card", "clinical", "beds", "door", "board"], "the card first, and only what changed"


async def test_a_start_projects_everything_again(feed: Feed) -> None:
    """FEED18: also the emptied card of who left while the documents were away."""
    await feed.send(message("A01", minutes(0)), message("A01", minutes(1), "V2", "2"))
    stay = feed.stays()["b01"]
    await feed.send(message("A03", minutes(5)))
    feed.documents.held.clear()
    await feed.service.project_all()
    assert feed.shown() == {"b02": "V2"}
    assert feed.documents.held[f"stay/{stay}/card"] == {"card": {}}
    assert "ward/thoracic/room/r03/door" in feed.documents.held


async def test_what_is_said_to_be_nothing_is_emptied(feed: Feed) -> None:
    """FEED16: `""` empties, an absent field says nothing."""
    await feed.send(message("A01", minutes(0), extra=STORY))
    empty = ('AL1|1||""', 'OBX|1|CWE|RISK||""', "OBX|2|CWE|NURSE||N1^林^晓月||||||D")
    await feed.send(message("A08", minutes(5), extra=empty))
    card = feed.card("b01")
    assert (card["allergies"], card["risks"], card.get("nurse")) == ([], [], None)
    assert card["diet"] == ["半流质", "低盐"]
    await feed.send(message("A08", minutes(6), extra=["AL1|1|DA|NKA^无过敏史"]))
    assert feed.card("b01")["no_known_allergy"] is True


async def test_gb18030_names_reach_the_card_whole(feed: Feed) -> None:
    await feed.send(message("A01", minutes(0), name="龘^𠮷東", charset="GB 18030-2000"))
    assert feed.card("b01")["name"] == "龘𠮷東"
