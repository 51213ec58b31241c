"""Fact bytes against their vectors (CF1 to CF8); pwa/tests/core/calls/facts.test.ts reads the same file."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import example, given
from hypothesis import strategies as st
from ward_sync.facts import (
    MAX_BODY_BYTES,
    FactError,
    Reason,
    body_from_json,
    body_to_json,
    decode_wire,
    encode_body,
    encode_wire,
    fact_id,
    parse_body,
    signature_from_der,
    signature_to_der,
)

VECTORS = json.loads((Path(__file__).parents[2] / "sync/vectors/facts.json").read_text("utf-8"))
SIGNATURE = bytes.fromhex(VECTORS["signature"])


@pytest.mark.parametrize("case", VECTORS["bodies"], ids=lambda case: case["name"])
def test_a_body_has_one_form_and_one_id(case: dict[str, Any]) -> None:
    """CF1, CF6, CF7."""
    made = body_from_json(case["body"])
    data = case["canonical"].encode()
    assert encode_body(made) == data
    assert parse_body(data) == made
    assert body_to_json(made) == case["body"]
    assert fact_id(data) == case["id"]
    assert encode_wire(SIGNATURE, data) == case["wire"]
    wire = decode_wire(case["wire"])
    assert (wire.signature, wire.data, wire.body, wire.id) == (SIGNATURE, data, made, case["id"])


@pytest.mark.parametrize("case", VECTORS["malformed"], ids=lambda case: case["name"])
def test_any_other_form_is_refused(case: dict[str, Any]) -> None:
    """CF1 to CF5."""
    with pytest.raises(FactError) as refused:
        parse_body(case["text"].encode())
    assert refused.value.reason == case["reason"]


@pytest.mark.parametrize("case", VECTORS["malformed_wire"], ids=lambda case: case["name"])
def test_a_wire_fact_is_strict_base64(case: dict[str, Any]) -> None:
    """CF7."""
    with pytest.raises(FactError) as refused:
        decode_wire(case["wire"])
    assert refused.value.reason == case["reason"]


def test_the_largest_body_fits() -> None:
    """CF4, CF5: 64 calls and 32 supports leave room for the longest ids."""
    assert max(len(case["canonical"]) for case in VECTORS["bodies"]) <= MAX_BODY_BYTES


@given(st.binary(max_size=200))
@example(b"\xff")
def test_bytes_from_outside_never_raise_anything_else(data: bytes) -> None:
    for read in (parse_body, lambda raw: decode_wire(raw.decode("latin-1"))):
        with pytest.raises(FactError):
            read(data)


@given(st.binary(min_size=64, max_size=64))
def test_a_raw_signature_survives_der(raw: bytes) -> None:
    """CF8."""
    assert signature_from_der(signature_to_der(raw)) == raw


def test_der_is_what_the_library_reads_and_writes() -> None:
    """CF8."""
    key = ec.generate_private_key(ec.SECP256R1())
    algorithm = ec.ECDSA(hashes.SHA256())
    der = key.sign(b"body", algorithm)
    raw = signature_from_der(der)
    assert signature_to_der(raw) == der
    key.public_key().verify(signature_to_der(raw), b"body", algorithm)


@pytest.mark.parametrize(
    "der", [b"", b"\x30\x00", b"\x30\x03\x02\x01\x01", b"\x30\x06\x02\x01\x01\x02\x01\x01\x00"]
)
def test_other_der_is_refused(der: bytes) -> None:
    with pytest.raises(FactError) as refused:
        signature_from_der(der)
    assert refused.value.reason == Reason.BAD_SIGNATURE
