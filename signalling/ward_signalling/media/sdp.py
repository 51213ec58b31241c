"""What the relay leaves out of session descriptions. Pure text (RFC 8866, RFC 8839, RFC 8122)."""

from __future__ import annotations


def is_mdns(candidate: str) -> bool:
    """Whether the candidate hides its address behind a `.local` name; with or without `a=` before it."""
    fields = candidate.split(" ")
    return len(fields) > 4 and fields[4].lower().endswith(".local")


def without_mdns(sdp: str) -> str:
    """Return the description without its `.local` candidates.

    Resolving one costs the answer a second, and nothing needs it: a terminal reaches the hub's address
    anyway, and where its packets come from is learned from them. The mark that there are no further
    candidates goes with them, for there are: an agent that believes it gives up.
    """
    lines = sdp.split("\r\n")
    kept = [line for line in lines if not (line.startswith("a=candidate:") and is_mdns(line))]
    if len(kept) < len(lines):
        kept = [line for line in kept if line != "a=end-of-candidates"]
    return "\r\n".join(kept)


def with_sha256_only(sdp: str) -> str:
    """Return the description without fingerprints of other digests: a signal names one, and every line of its
    description has to say the same (SG13)."""
    lines = sdp.split("\r\n")
    return "\r\n".join(
        line
        for line in lines
        if not line.startswith("a=fingerprint:") or line.startswith("a=fingerprint:sha-256 ")
    )
