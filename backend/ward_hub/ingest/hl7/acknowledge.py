"""The answer to a message: AA, AE or AR, with MSA and ERR saying what was expected and what came.

Always the original mode: one answer, after the commit, whatever MSH-15 and MSH-16 ask for.
Source: HL7 v2.5.1 chapter 2.9.2 and 2.15; codes of table 0357.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from ward_hub.ingest.hl7 import charset
from ward_hub.ingest.hl7.parse import MessageRefused

TEXT_LIMIT = 200
"""MSA-3 has 80 characters in old versions, ERR-8 250: long enough for a reason, short enough for both."""

_ERRORS = {
    100: "Segment sequence error",
    101: "Required field missing",
    102: "Data type error",
    103: "Table value not found",
    200: "Unsupported message type",
    201: "Unsupported event code",
    202: "Unsupported processing id",
    203: "Unsupported version id",
    204: "Unknown key identifier",
    205: "Duplicate key identifier",
    206: "Application record locked",
    207: "Application internal error",
}


@dataclass(frozen=True, slots=True)
class Header:
    """What of a message's header its answer repeats; read leniently, as it serves refusals too."""

    sending: tuple[str, str] = ("", "")
    receiving: tuple[str, str] = ("", "")
    kind: str = ""
    event: str = ""
    control_id: str = ""
    processing: str = "P"
    version: str = "2.5.1"
    charset: str = charset.DEFAULT


def read_header(data: bytes) -> Header:
    """Return what can be read of a header, however broken the message is."""
    declared = charset.declared_charset(data)
    name = declared if declared.upper() in charset.CODECS else charset.DEFAULT
    try:
        text, name = charset.decode(data[:4096])
    except charset.CharsetError:
        text = data[:4096].decode(charset.CODECS[name.upper()], "replace")
    line = text.replace("\n", "\r").strip("\r ").split("\r", 1)[0]
    if not line.startswith("MSH") or len(line) < 9:
        return Header(charset=name)
    line = line.replace("\x00", "")
    fields = [field.strip() for field in line.split(line[3])] + [""] * 12
    component = line[4]
    kind = fields[8].split(component)
    return Header(
        sending=(fields[2], fields[3]),
        receiving=(fields[4], fields[5]),
        kind=kind[0],
        event=kind[1] if len(kind) > 1 else "",
        control_id=fields[9],
        processing=fields[10] or "P",
        version=fields[11] or "2.5.1",
        charset=name,
    )


def acknowledge(
    header: Header, refused: MessageRefused | None, *, now_ms: int, utc_offset: timedelta, own_id: str
) -> bytes:
    """Return the answer, in the character set of what it answers.

    AA without `refused`; AR when it says that the message cannot be read, else AE.
    """
    code = "AA" if refused is None else "AR" if refused.reject else "AE"
    text = "" if refused is None else escape(refused.text[:TEXT_LIMIT])
    local = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(timezone(utc_offset))
    kind = f"ACK^{header.event}^ACK" if header.event else "ACK"
    if (header.kind, header.event) == ("ORU", "R40"):
        kind = "ORA^R41^ORA_R41"  # IHE PCD TF-2 3.4.4.2
    msh = (
        "MSH|^~\\&",
        *map(_whole, header.receiving),
        *map(_whole, header.sending),
        local.strftime("%Y%m%d%H%M%S%z"),
        "",
        kind,
        own_id,
        _whole(header.processing),
        _whole(header.version),
        *("",) * 5,
        header.charset,
    )
    segments = ["|".join(msh), f"MSA|{code}|{_whole(header.control_id)}" + (f"|{text}" if text else "")]
    if refused is not None:
        coded = f"{refused.code}^{_ERRORS.get(refused.code, 'Application internal error')}^HL70357"
        segments.append(f"ERR||{refused.location}|{coded}|E||||{text}")
    return charset.encode("\r".join(segments) + "\r", header.charset)


def escape(text: str) -> str:
    """Return text that holds no delimiter and no segment end."""
    for mark, code in (("\\", "E"), ("|", "F"), ("^", "S"), ("&", "T"), ("~", "R")):
        text = text.replace(mark, f"\\{code}\\")
    return " ".join(text.split())


def _whole(field: str) -> str:
    # A sender with delimiters of its own must not break the answer's fields; `^` of HD types may stay.
    return "".join(mark for mark in field if mark != "|" and mark.isprintable())
