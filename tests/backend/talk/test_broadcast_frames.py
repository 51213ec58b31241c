"""A broadcast on the wire: frames at the presence document, signed by the relay."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from ward_hub.access.port import Access, AccessRefused, Principal
from ward_hub.calls.signatures import verify
from ward_hub.talk.broadcasts import Broadcasts
from ward_hub.talk.relay_key import RelayKey
from ward_hub.talk.signal_relay import SignalRelay
from ward_signalling.frames import SignalFrame, encode_frame
from ward_signalling.judging import judge
from ward_signalling.messages import Invite, Purpose, Signal, encode_body, encode_signal, parse_signal
from ward_sync.directory import Directory, Ward
from ward_sync.facts import signature_from_der

from tests.backend.talk.hub_talk import SESSION, STATION, TALK, WARD, FakeMedia, directory, settle
from tests.helpers.signing import Signer

NOW = 1_800_000_000_000
PRESENCE = f"ward/{WARD}/presence"


class Gate:
    def authenticate(self, token: str) -> Principal:
        raise AccessRefused("expired")

    def access(self, principal: Principal, document: str) -> Access:
        return Access(announce=True)


@dataclass
class Peer:
    principal: Principal | None


class Hub:
    """The signal relay with the broadcasts as its party; `frames` are what terminals get."""

    def __init__(self) -> None:
        self.key = RelayKey(ec.generate_private_key(ec.SECP256R1()))
        self.station = Signer(STATION)
        ward = directory()
        station = replace(ward.terminals[STATION], key=self.station.public_key)
        self.directory = Directory(
            ward=Ward(id=WARD, relay_key=self.key.public), terminals={**ward.terminals, STATION: station}
        )
        self.frames: list[tuple[str, str, Any]] = []
        self.relay = SignalRelay(Gate(), lambda _ward: self.directory, verify, lambda: NOW)
        self.broadcasts = Broadcasts(
            lambda _ward: self.directory,
            self.key.sign,
            self.relay.post,
            self.relay.tell,
            self._open,
            lambda: NOW,
            "a" * 16,
        )
        self.relay.attach(self, self.broadcasts)

    def send_stateless(self, document: str, terminal: str, payload: str) -> bool:
        if terminal == "bed-2":
            return False  # not connected
        self.frames.append((document, terminal, json.loads(payload)))
        return True

    async def send(self, signal: Signal, key: ec.EllipticCurvePrivateKey) -> list[Any]:
        data = encode_body(signal)
        wire = encode_signal(signature_from_der(key.sign(data, ec.ECDSA(hashes.SHA256()))), data)
        peer = Peer(Principal(STATION, "station", WARD, None, None, None, None, 0))
        answers = await self.relay.handle(peer, PRESENCE, encode_frame(SignalFrame(0, (wire,))))
        await settle()
        return [json.loads(answer) for answer in answers]

    async def _open(self) -> FakeMedia:
        return FakeMedia()


INVITE = Invite(
    sender=STATION,
    to="hub",
    ward=WARD,
    session=SESSION,
    seq=1,
    at=NOW,
    talk=TALK,
    purpose=Purpose.BROADCAST,
    calls=(),
    video=0,
    targets=("bed-1", "bed-2"),
)


async def test_what_the_hub_says_holds_under_the_wards_relay_key() -> None:
    """SG11, SG16"""
    hub = Hub()
    assert await hub.send(INVITE, hub.station.key) == []
    assert {document for document, _, _ in hub.frames} == {PRESENCE}
    signals = [frame for _, _, frame in hub.frames if frame["t"] == "signal"]
    wires = [parse_signal(wire) for frame in signals for wire in frame["signals"]]
    assert [(wire.signal.kind, wire.signal.to) for wire in wires] == [
        ("accept", STATION),
        ("invite", "bed-1"),
    ]
    assert [judge(wire, hub.directory, verify) for wire in wires] == [None, None]
    reports = [frame for _, to, frame in hub.frames if frame["t"] == "broadcast" and to == STATION]
    missed = [{"terminal": "bed-2", "reason": "lost"}]
    assert reports[-1] == {"t": "broadcast", "talk": TALK, "reached": [], "missed": missed}
    await hub.broadcasts.close()


async def test_nobody_speaks_under_a_stations_name() -> None:
    """SG11"""
    hub = Hub()
    answers = await hub.send(INVITE, Signer(STATION).key)
    assert [(one["t"], one["reason"]) for one in answers] == [("signal_refused", "bad_signature")]
    assert hub.broadcasts.running == 0
    assert hub.frames == []
