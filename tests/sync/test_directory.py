"""What the directory says about talks, in both languages alike (pwa/tests/core/calls/directory.test.ts)."""

from ward_sync.directory import parse_directory
from ward_sync.facts import Json


def test_a_ward_without_a_word_about_talks_has_the_shipped_ones() -> None:
    """CF14: two minutes, no pictures, nothing recorded, no relay."""
    unreadable: dict[str, Json] = {"talk_limit_ms": "x", "video": 1, "recording": "yes", "relay_key": 5}
    for ward in ({}, unreadable):
        read = parse_directory({"ward": ward}).ward
        assert (read.talk_limit_ms, read.video, read.recording, read.relay_key) == (
            120_000,
            False,
            False,
            None,
        )


def test_a_wards_own_settings_of_talks_and_its_cameras() -> None:
    ward: dict[str, Json] = {"talk_limit_ms": 60_000.0, "video": True, "recording": True, "relay_key": "BAAB"}
    entry: dict[str, Json] = {"kind": "bedside", "state": "active"}
    terminals: dict[str, Json] = {"a": {**entry, "camera": True}, "b": entry, "c": {**entry, "camera": 1}}
    read = parse_directory({"ward": ward, "terminals": terminals})
    assert (read.ward.talk_limit_ms, read.ward.video, read.ward.recording) == (60_000, True, True)
    assert read.ward.relay_key == "BAAB"
    assert [name for name, terminal in read.terminals.items() if terminal.camera] == ["a"]
