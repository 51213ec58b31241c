"""`ward-hub feed FILE`: send a file of HL7 v2 messages to an MLLP port and report the acknowledgements."""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
from collections import Counter
from pathlib import Path

from ward_hub.ingest.hl7 import charset
from ward_hub.ingest.hl7.acknowledge import read_header
from ward_hub.ingest.hl7.mllp import START, Deframer, Frame, MllpClient

HELP = "send a file of HL7 v2 messages to an MLLP port"
_HEADER = re.compile(rb"(?:^|\r)(?=MSH[^\r\nA-Za-z0-9\s])")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.epilog = "Exit status: 0 when every message was answered AA, else 1."
    parser.add_argument("file", type=Path, help="messages with CR or LF segments, or framed as MLLP")
    parser.add_argument("--host", default="127.0.0.1", help="default: %(default)s")
    parser.add_argument("--port", type=int, default=2575, help="default: %(default)s")
    parser.add_argument("--charset", help="re-encode the file, which is in this MSH-18 set, as UTF-8")
    parser.add_argument("--timeout", type=float, default=30.0, help="seconds to wait for each answer")


def run(args: argparse.Namespace) -> int:
    """Send the file; returns 0 when every message was accepted (AA), else 1."""
    try:
        messages = split_messages(args.file.read_bytes())
        if args.charset:
            messages = [recode(message, args.charset) for message in messages]
    except (OSError, ValueError) as error:
        print(f"{args.file}: {error}", file=sys.stderr)
        return 1
    return asyncio.run(_send(messages, args.host, args.port, args.timeout))


def split_messages(data: bytes) -> list[bytes]:
    """Return the messages of a file: framed as MLLP, or each beginning with MSH at the start of a line."""
    if START in data:
        return [found.message for found in Deframer(len(data)).feed(data) if isinstance(found, Frame)]
    body = data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\r").replace(b"\n", b"\r")
    starts = [match.end() for match in _HEADER.finditer(body)]
    return [
        body[start:end].strip(b"\r") + b"\r"
        for start, end in zip(starts, [*starts[1:], len(body)], strict=True)
    ]


def recode(message: bytes, name: str) -> bytes:
    """Return the message as UTF-8, with MSH-18 saying so. Raises ValueError when it is not in that set."""
    codec = charset.CODECS.get(name.upper())
    if codec is None:
        raise ValueError(f"expected a character set of {', '.join(charset.CODECS)}, got {name}")
    header, _, rest = message.decode(codec).partition("\r")
    fields = header.split(header[3])
    fields += [""] * (18 - len(fields))
    fields[17] = charset.DEFAULT
    return f"{header[3].join(fields)}\r{rest}".encode()


async def _send(messages: list[bytes], host: str, port: int, timeout_s: float) -> int:
    client = MllpClient(host, port, timeout_s)
    counts: Counter[str] = Counter()
    status = 0
    try:
        for number, message in enumerate(messages, start=1):
            answer = await client.send(message)
            code, reason = read_answer(answer)
            counts[code] += 1
            if code != "AA":
                status = 1
                header = read_header(message)
                kind = f"{header.kind}^{header.event}"
                print(f"{number}: {kind} {header.control_id}: {code} {reason}")
    except OSError as error:
        sent = sum(counts.values())
        print(
            f"{host}:{port}: {error or type(error).__name__} after {sent} of {len(messages)}", file=sys.stderr
        )
        status = 1
    finally:
        await client.close()
    total = ", ".join(f"{code} {counts[code]}" for code in sorted(counts)) or "none"
    print(f"{sum(counts.values())} of {len(messages)} messages answered: {total}")
    return status


def read_answer(answer: bytes) -> tuple[str, str]:
    """Return the code of an acknowledgement (MSA-1, `??` where there is none) and its reason (MSA-3)."""
    try:
        text, _ = charset.decode(answer)
    except charset.CharsetError:
        text = answer.decode("utf-8", "replace")
    for segment in text.replace("\n", "\r").split("\r"):
        fields = segment.split("|")
        if fields[0] == "MSA" and len(fields) > 1:
            return fields[1] or "??", unescape(fields[3]) if len(fields) > 3 else ""
    return "??", "no MSA segment"


def unescape(text: str) -> str:
    """Undo HL7's escapes of the usual delimiters."""
    for mark, code in (("|", "F"), ("^", "S"), ("&", "T"), ("~", "R"), ("\\", "E")):
        text = text.replace(f"\\{code}\\", mark)
    return text
