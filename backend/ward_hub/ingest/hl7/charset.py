"""Which character set the bytes of a message are in, and their text.

MSH-18 decides and is then obeyed strictly; without it UTF-8 is tried strictly and GB 18030 after it.
Names: HL7 table 0211.
"""

from __future__ import annotations

CODECS = {
    "UNICODE UTF-8": "utf-8",
    "UTF-8": "utf-8",
    "UNICODE": "utf-8",
    "GB 18030-2000": "gb18030",
    "GB18030": "gb18030",
    "GB 2312-1980": "gb18030",
    "GB2312": "gb18030",
    "GBK": "gb18030",
    "ASCII": "ascii",
    "8859/1": "iso8859-1",
    "ISO IR6": "ascii",
    "ISO IR100": "iso8859-1",
}
"""Name in MSH-18 → Python codec. GB 18030 contains GBK and GB 2312, so it reads all three."""

DEFAULT = "UNICODE UTF-8"
_BOM = b"\xef\xbb\xbf"


class CharsetError(ValueError):
    """The bytes are not what they are said to be, or are said to be something unknown."""


def decode(message: bytes) -> tuple[str, str]:
    """Return the text of a message and the MSH-18 name of the set it is in.

    Raises CharsetError when MSH-18 names an unknown set or the bytes do not fit it.
    """
    message = message.removeprefix(_BOM)
    declared = declared_charset(message)
    if not declared:
        try:
            return message.decode("utf-8"), DEFAULT
        except UnicodeDecodeError:
            declared = "GB 18030-2000"
    codec = CODECS.get(declared.upper())
    if codec is None:
        raise CharsetError(f"MSH-18: expected one of {', '.join(CODECS)}, got {declared!r}")
    try:
        return message.decode(codec), declared
    except UnicodeDecodeError as error:
        byte = message[error.start]
        declared = declared_charset(message) or "UTF-8 or GB 18030 (none is named)"
        raise CharsetError(
            f"MSH-18: expected {declared} text, got byte 0x{byte:02X} at offset {error.start}"
        ) from None


def declared_charset(message: bytes) -> str:
    """Return the first name in MSH-18, or "" where there is none.

    A second byte of GB 18030 may be `|` or `^`, so the segment is read as text before it is split.
    """
    segment = message.removeprefix(_BOM).replace(b"\n", b"\r").split(b"\r", 1)[0]
    for codec in ("utf-8", "gb18030", "iso8859-1"):
        try:
            text = segment.decode(codec)
        except UnicodeDecodeError:
            continue
        if not text.startswith("MSH") or len(text) < 8:
            return ""
        fields = text.split(text[3])
        return fields[17].split(text[5])[0].strip() if len(fields) > 17 else ""
    raise AssertionError("every byte is ISO 8859-1")


def encode(text: str, charset: str) -> bytes:
    """Return the text in the set of that MSH-18 name; what the set cannot hold becomes `?`."""
    return text.encode(CODECS.get(charset.upper(), "utf-8"), "replace")
