"""Frames to messages and back: the golden frames, and that no bytes do worse than be refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ward_sync import messages
from ward_sync.codec import MAX_FRAME_BYTES, decode, decode_y, encode, encode_y
from ward_sync.errors import ErrorCode, LocalProtocolError, RemoteProtocolError
from ward_sync.messages import Frame, Message, document_of

VECTORS = json.loads((Path(__file__).parents[2] / "sync/vectors/frames.json").read_text(encoding="utf-8"))
KINDS: dict[str, type[Any]] = {
    "sync_step1": messages.SyncStep1,
    "sync_step2": messages.SyncStep2,
    "update": messages.Update,
    "awareness": messages.Awareness,
    "auth_token": messages.AuthToken,
    "auth_request": messages.AuthRequest,
    "auth_denied": messages.AuthDenied,
    "auth_granted": messages.AuthGranted,
    "query_awareness": messages.QueryAwareness,
    "stateless": messages.Stateless,
    "close": messages.Close,
    "sync_status": messages.SyncStatus,
    "ping": messages.Ping,
    "pong": messages.Pong,
}
BINARY = {"state_vector", "update", "payload"}


def message_of(meaning: dict[str, Any]) -> Message:
    fields = {key: value for key, value in meaning.items() if key != "kind"}
    if meaning["kind"] in ("sync_step1", "sync_step2", "update", "awareness"):
        fields = {key: bytes.fromhex(value) if key in BINARY else value for key, value in fields.items()}
    message: Message = KINDS[meaning["kind"]](**fields)
    return message


def named(key: str) -> list[Any]:
    return [pytest.param(case, id=f"{case['dialect']}: {case['name']}") for case in VECTORS[key]]


@pytest.mark.parametrize("case", named("frames"))
def test_golden_frames_read_and_write(case: dict[str, Any]) -> None:
    """FR1, FR2, FR3, FR5, FR7, FR9."""
    frame = bytes.fromhex(case["hex"])
    message = message_of(case["message"])
    if case["dialect"] == "hocuspocus":
        assert decode(frame) == Frame(case["address"], message)
        assert encode(case["address"], message) == frame
    else:
        assert decode_y(frame) == message
        assert encode_y(message) == frame


@pytest.mark.parametrize("case", named("malformed"))
def test_malformed_frames_are_refused_with_their_code(case: dict[str, Any]) -> None:
    """FR2, FR3, FR4, FR5, FR7, FR8, FR9."""
    read = decode if case["dialect"] == "hocuspocus" else decode_y
    with pytest.raises(RemoteProtocolError) as refused:
        read(bytes.fromhex(case["hex"]))
    assert refused.value.code == case["code"]
    assert refused.value.address == case.get("address")


def test_a_frame_over_the_limit_is_refused_before_it_is_read() -> None:
    """FR6."""
    for read in (decode, decode_y):
        with pytest.raises(RemoteProtocolError) as refused:
            read(b"\xff" * 11, 10)
        assert refused.value.code is ErrorCode.TOO_LARGE
        assert refused.value.address is None


def test_a_session_address_names_its_document() -> None:
    """FR5."""
    assert document_of("notes\0k3x9") == "notes"
    assert document_of("notes") == "notes"


def test_what_the_protocol_does_not_have_is_our_mistake() -> None:
    with pytest.raises(LocalProtocolError):
        encode("", messages.Close())
    with pytest.raises(LocalProtocolError):
        encode("\ud800", messages.Close())
    with pytest.raises(LocalProtocolError):
        encode_y(messages.SyncStatus(True))


addresses = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200).filter(
    lambda text: text.strip() and text[0] != "\0"
)
texts = st.text(st.characters(exclude_categories=["Cs"]))
any_message = st.one_of(
    st.builds(messages.SyncStep1, st.binary()),
    st.builds(messages.SyncStep2, st.binary()),
    st.builds(messages.Update, st.binary(max_size=70_000)),
    st.builds(messages.Awareness, st.binary()),
    st.builds(messages.AuthToken, texts, st.none() | texts),
    st.builds(messages.AuthDenied, texts),
    st.builds(messages.Stateless, texts),
    st.builds(messages.Close, st.none() | texts),
    st.builds(messages.SyncStatus, st.booleans()),
    st.just(messages.QueryAwareness()),
)


@given(addresses, any_message)
def test_every_message_survives_the_wire(address: str, message: Message) -> None:
    assert decode(encode(address, message)) == Frame(address, message)


@given(st.binary(max_size=300))
def test_no_bytes_do_worse_than_be_refused(data: bytes) -> None:
    for read in (decode, decode_y):
        try:
            read(data)
        except RemoteProtocolError:
            continue


@given(addresses, any_message, st.data())
def test_a_cut_frame_is_refused_or_another_frame(address: str, message: Message, data: st.DataObject) -> None:
    """FR3, FR4: no frame is a message with something missing."""
    frame = encode(address, message)
    cut = frame[: data.draw(st.integers(0, len(frame) - 1))]
    try:
        assert decode(cut) != Frame(address, message)
    except RemoteProtocolError:
        return


def test_the_limit_leaves_room_for_a_large_document() -> None:
    assert MAX_FRAME_BYTES >= 8 * 2**20


def test_the_vectors_hold_every_message_of_both_dialects_and_every_refusal() -> None:
    """FR7, FR9: what each side of the wire is tested with."""
    kinds = {
        dialect: {case["message"]["kind"] for case in VECTORS["frames"] if case["dialect"] == dialect}
        for dialect in ("hocuspocus", "y-websocket")
    }
    assert kinds["hocuspocus"] == set(KINDS)
    assert kinds["y-websocket"] == {
        "sync_step1", "sync_step2", "update", "awareness", "auth_denied", "query_awareness"
    }  # fmt: skip
    refused = {case["code"] for case in VECTORS["malformed"]}
    # A frame too large is none for a file, and what an update or a state holds is not the codec's.
    assert refused == set(ErrorCode) - {ErrorCode.TOO_LARGE, ErrorCode.JSON, ErrorCode.UPDATE}
