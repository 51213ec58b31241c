"""The invented patients of the demo's hospital: the same seed and number always make the same person.

Names, numbers and stories are made up; diagnoses and operations are those of a chest-wall surgery ward.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any

DAY_MS = 86_400_000

_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高梁郑谢宋唐许韩冯邓曹彭曾萧田董潘袁蔡蒋余于杜叶程魏苏吕丁"
_COMPOUND = ("欧阳", "司徒", "上官", "诸葛")
_GIVEN_M = (
    "建国", "志强", "海波", "俊杰", "浩然", "子轩", "明哲", "鹏飞",
    "国栋", "文博", "立", "毅", "晨", "思远", "家豪",
)  # fmt: skip
_GIVEN_F = (
    "秀兰", "桂芳", "雪梅", "丽华", "欣怡", "雨涵", "梓萱", "晓燕",
    "玉珍", "静", "敏", "婷婷", "若彤", "春霞", "佳琪",
)  # fmt: skip

_CASES: tuple[tuple[str, str, str, int, int, int], ...] = (
    # code, diagnosis, operation, youngest, oldest, weight
    ("Q67.6", "漏斗胸", "漏斗胸矫治术（Nuss）", 6, 26, 9),
    ("Q67.7", "鸡胸", "胸廓畸形修补术（Ravitch）", 8, 24, 4),
    ("S22.4", "多发肋骨骨折", "肋骨骨折切开复位内固定术", 25, 78, 9),
    ("S22.2", "胸骨骨折", "胸骨内固定术", 30, 70, 2),
    ("J93.1", "自发性气胸", "胸腔镜肺大疱切除术", 16, 62, 6),
    ("S27.1", "创伤性血胸", "胸腔闭式引流术", 20, 75, 3),
    ("D16.7", "肋骨良性肿瘤", "肋骨肿瘤切除术", 25, 65, 2),
    ("C49.3", "胸壁恶性肿瘤", "胸壁肿瘤切除重建术", 40, 76, 3),
    ("J86.9", "脓胸", "胸腔镜脓胸清除术", 35, 74, 2),
    ("A18.0", "肋骨结核", "肋骨结核病灶清除术", 28, 66, 1),
)
_ALLERGIES = (
    ("P001", "青霉素", "SV"),
    ("C002", "头孢曲松", "MO"),
    ("I003", "碘造影剂", "SV"),
    ("S004", "磺胺类", "MO"),
    ("F005", "海鲜", "MI"),
)
DIETS = ("普食", "软食", "半流质", "流质", "禁食", "糖尿病饮食", "低盐", "高蛋白")
RISKS = ("跌倒", "压力性损伤", "静脉血栓", "导管滑脱", "误吸", "疼痛", "出血", "营养不良")


@dataclass(frozen=True, slots=True)
class Patient:
    """A patient during a stay. Times are ms; codes are the hospital's own, not this product's.

    `care_level` 0 to 3, `condition` 一般 病重 病危, `isolation` 无 or a kind, `allergies` of (code, text,
    severity), `doctor` an index.
    """

    number: int
    family: str
    given: str
    sex: str
    birth: str
    code: str
    diagnosis: str
    operation: str
    admitted_at: int
    operation_at: int | None
    doctor: int
    care_level: str
    condition: str
    diet: tuple[str, ...]
    risks: tuple[str, ...]
    isolation: str
    allergies: tuple[tuple[str, str, str], ...]
    payment: str
    arrears: bool

    @property
    def visit(self) -> str:
        return f"ZY26{self.number:05d}"

    @property
    def record_number(self) -> str:
        return f"8{self.number * 7919 % 1_000_000:06d}"


def make_patient(seed: int, number: int, admitted_at: int, now: int, doctors: int) -> Patient:
    """Return the patient of that number, admitted then. `doctors`: how many there are to choose from."""
    dice = Random(f"{seed}:{number}")  # noqa: S311 - a demo's dice, to be thrown the same way again
    code, diagnosis, operation, youngest, oldest, _ = dice.choices(_CASES, [case[5] for case in _CASES])[0]
    sex = "M" if dice.random() < 0.62 else "F"
    family = dice.choice(_COMPOUND) if dice.random() < 0.04 else dice.choice(_SURNAMES)
    age = dice.randint(youngest, oldest)
    year = datetime.fromtimestamp(admitted_at / 1000, UTC).year
    operation_at = admitted_at + dice.randint(1, 3) * DAY_MS + dice.randint(0, 20) * 900_000
    operated = operation_at < now
    fresh = operated and now - operation_at < 2 * DAY_MS
    level = (
        "0" if fresh and dice.random() < 0.2 else "1" if fresh else dice.choice("2223" if operated else "223")
    )
    risks = [risk for risk in RISKS if dice.random() < (0.3 if operated else 0.12)]
    if age >= 65 and "跌倒" not in risks:
        risks.insert(0, "跌倒")
    return Patient(
        number=number,
        family=family,
        given=dice.choice(_GIVEN_M if sex == "M" else _GIVEN_F),
        sex=sex,
        birth=f"{year - age}{dice.randint(1, 12):02d}{dice.randint(1, 28):02d}",
        code=code,
        diagnosis=diagnosis,
        operation=operation,
        admitted_at=admitted_at,
        operation_at=operation_at,
        doctor=dice.randrange(doctors),
        care_level=level,
        condition="病危" if level == "0" else "病重" if level == "1" and dice.random() < 0.25 else "一般",
        diet=("禁食",)
        if fresh and dice.random() < 0.4
        else tuple(dice.sample(DIETS[:4] + DIETS[5:], dice.choice((1, 1, 2)))),
        risks=tuple(risks[:4]),
        isolation="空气隔离" if code == "A18.0" else "接触隔离" if dice.random() < 0.05 else "无",
        allergies=tuple(dice.sample(_ALLERGIES, 1)) if dice.random() < 0.2 else (),
        payment=dice.choice(("职工医保", "居民医保", "异地医保", "自费")),
        arrears=dice.random() < 0.1,
    )


def from_json(values: dict[str, Any]) -> Patient:
    """Return the patient that `dataclasses.asdict` made these values of, after a way through JSON."""
    lists = {name: tuple(values[name]) for name in ("diet", "risks")}
    return Patient(**{**values, **lists, "allergies": tuple(tuple(one) for one in values["allergies"])})
