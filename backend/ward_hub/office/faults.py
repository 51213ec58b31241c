"""What is wrong with a value, in words for people: reads one value field by field and keeps every fault.

What each entity's fields are, `values.py` says; whether what they name is there, `references.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date

from ward_hub.documents.names import ID
from ward_hub.documents.port import Json
from ward_hub.office.port import Value

MAX_FREE_BYTES = 16 * 1024
"""Free settings and marks, as canonical JSON: they are in every terminal's settings document."""
MAX_FREE_DEPTH = 8
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)

FIELDS_ZH: dict[str, str] = {
    "name": "名称",
    "name_en": "英文名称",
    "settings": "设置",
    "marks": "标识",
    "escalation_ms": "升级时间",
    "reminder_ms": "提醒时间",
    "all_tender": "允许任一终端挂断",
    "night_from": "夜间开始",
    "night_to": "夜间结束",
    "order": "顺序",
    "label": "床号",
    "call_name": "呼叫名",
    "room": "病房",
    "bed": "床位",
    "stations": "护士站",
    "beds": "床位",
    "rooms": "病房",
    "staff": "人员",
    "escalate_to": "升级到",
    "ward": "病区",
    "kind": "类型",
    "profile": "型号",
    "serial": "序列号",
    "mac": "MAC 地址",
    "supervised": "监测",
    "number": "工号",
    "role": "角色",
    "title": "职务",
    "active": "启用",
    "since": "开始",
    "until": "结束",
    "pda": "手持终端",
    "from_group": "被托管分组",
    "to": "托管到",
    "from_ms": "开始",
    "until_ms": "结束",
    "weekdays": "星期",
    "from": "开始",
    "first": "首日",
    "last": "末日",
    "zh": "中文名",
    "en": "英文名",
    "priority": "优先级",
    "tone": "提示音",
    "light": "灯",
    "clear": "清除方式",
    "may_talk": "可通话",
    "placed_by": "发起终端",
    "purposes": "用途",
    "permissions": "权限",
    "terminals": "终端",
    "at": "时间",
    "do": "动作",
    "value": "数值",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong. `field` None: with the whole."""

    field: str | None
    message: str
    message_zh: str


def field_zh(field: str) -> str:
    return FIELDS_ZH.get(field.partition(".")[0], field)


class Reading:
    """Reads the fields of one value; `faults` has all that was found, once `finish()` was called too.

    Each method returns the field when it is as wanted, else None.
    """

    def __init__(self, value: Value) -> None:
        self._value = value
        self._known: set[str] = set()
        self.faults: list[Fault] = []

    def finish(self) -> list[Fault]:
        """Refuse the fields nobody asked for, and return all faults."""
        for field in sorted(set(self._value) - self._known):
            self.fault(None, f"{field[:40]!r} is no field here.", f"未知的字段 {field[:40]!r}。")
        return self.faults

    def fault(self, field: str | None, message: str, message_zh: str) -> None:
        self.faults.append(Fault(field, message, message_zh))

    def text(self, field: str, most: int, *, least: int = 1, pattern: str | None = None) -> str | None:
        """A text of one line, without blanks around it."""
        value = self._take(field)
        if isinstance(value, str) and least <= len(value) <= most and _is_line(value):
            if pattern is None or re.fullmatch(pattern, value):
                return value
            self._refuse(field, "is not in the expected form", "格式不正确")
            return None
        if least == 0:
            self._refuse(field, f"must be one line of at most {most} characters", f"最多 {most} 个字")
            return None
        self._refuse(field, f"must be one line of 1 to {most} characters", f"需为 1 至 {most} 个字")
        return None

    def integer(self, field: str, least: int, most: int) -> int | None:
        value = self._take(field)
        if type(value) is int and least <= value <= most:
            return value
        self._refuse(
            field, f"must be a whole number from {least} to {most}", f"需为 {least} 至 {most} 的整数"
        )
        return None

    def boolean(self, field: str) -> bool | None:
        value = self._take(field)
        if isinstance(value, bool):
            return value
        self._refuse(field, "must be true or false", "需为是或否")
        return None

    def one_of(self, field: str, words: Collection[str]) -> str | None:
        value = self._take(field)
        if isinstance(value, str) and value in words:
            return value
        self._refuse(field, f"must be one of {', '.join(words)}", "不在可选范围内")
        return None

    def id(self, field: str) -> str | None:
        value = self._take(field)
        if isinstance(value, str) and re.fullmatch(ID, value):
            return value
        self._refuse(field, "must be an id", "未选择或无效")
        return None

    def ids(self, field: str, most: int, *, least: int = 0) -> list[str] | None:
        value = self._take(field)
        if isinstance(value, list) and all(isinstance(one, str) and re.fullmatch(ID, one) for one in value):
            if len(set(map(str, value))) != len(value):
                self._refuse(field, "names one twice", "有重复项")
                return None
            if least <= len(value) <= most:
                return [str(one) for one in value]
        self._refuse(field, f"must be a list of {least} to {most} ids", f"需选择 {least} 至 {most} 项")
        return None

    def words(self, field: str, words: Collection[str], *, least: int = 0) -> list[str] | None:
        """A list of some of the words, none twice."""
        value = self._take(field)
        if isinstance(value, list) and all(isinstance(one, str) and one in words for one in value):
            chosen = [str(one) for one in value]
            if len(set(chosen)) == len(chosen) >= least:
                return chosen
        self._refuse(field, f"must be a list of: {', '.join(words)}", "有重复项或不在可选范围内")
        return None

    def clock(self, field: str) -> str | None:
        value = self._take(field)
        if isinstance(value, str) and _CLOCK.fullmatch(value):
            return value
        self._refuse(field, "must be a time HH:MM", "需为 HH:MM 形式的时间")
        return None

    def date(self, field: str) -> date | None:
        value = self._take(field)
        if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
            try:
                return date.fromisoformat(value)
            except ValueError:
                pass
        self._refuse(field, "must be a date YYYY-MM-DD", "需为 YYYY-MM-DD 形式的日期")
        return None

    def weekdays(self, field: str) -> list[int] | None:
        value = self._take(field)
        if isinstance(value, list) and value and all(type(one) is int and 1 <= one <= 7 for one in value):
            days = [one for one in value if type(one) is int]
            if len(set(days)) == len(days):
                return days
        self._refuse(field, "must be days from 1 (Monday) to 7", "需至少选择一天")
        return None

    def items(self, field: str, most: int) -> Sequence[Json]:
        """A list whose items the caller reads."""
        value = self._take(field)
        if isinstance(value, list) and len(value) <= most:
            return value
        self._refuse(field, f"must be a list of at most {most}", f"最多 {most} 项")
        return ()

    def free(self, field: str) -> Value | None:
        """A small object of any content."""
        value = self._take(field)
        if not isinstance(value, dict):
            self._refuse(field, "must be an object", "格式不正确")
            return None
        if _depth(value) > MAX_FREE_DEPTH or len(json.dumps(value).encode()) > MAX_FREE_BYTES:
            self._refuse(
                field,
                f"must be at most {MAX_FREE_BYTES} bytes, {MAX_FREE_DEPTH} levels deep",
                "内容过多或层级过深",
            )
            return None
        return value

    def optional(self, field: str, read: Callable[[str], object]) -> None:
        """Null, or what `read` takes."""
        if field not in self._value:
            self._refuse(field, "is missing", "缺少")
        elif self._take(field) is not None:
            read(field)

    def given(self, field: str) -> bool:
        """Whether the value has the field; for those that may be left out."""
        return field in self._value

    def has(self, field: str) -> bool:
        """Whether the field is there and not null."""
        return self._value.get(field) is not None

    def _take(self, field: str) -> Json:
        self._known.add(field)
        return self._value.get(field)

    def _refuse(self, field: str, message: str, message_zh: str) -> None:
        self.fault(field, f"{field} {message}.", f"“{field_zh(field)}”{message_zh}。")


def _is_line(text: str) -> bool:
    return text == text.strip() and text.isprintable()


def _depth(value: Json) -> int:
    """How deep lists and objects lie in each other; without recursion, since that is what it guards."""
    deepest, left = 0, [(value, 0)]
    while left:
        one, depth = left.pop()
        deepest = max(deepest, depth)
        if depth > MAX_FREE_DEPTH:
            break
        if isinstance(one, dict):
            left += [(inner, depth + 1) for inner in one.values()]
        elif isinstance(one, list):
            left += [(inner, depth + 1) for inner in one]
    return deepest
