"""The relay's ends of peer connections: one speaker that is answered, listeners that are offered to.

All share one certificate, so that whoever knows the relay knows its fingerprint. No STUN, no TURN: the hub
is where the terminals reach it. Foreign errors stop here.
"""

from __future__ import annotations

from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.exceptions import OperationError
from aiortc.mediastreams import MediaStreamTrack
from aiortc.rtcdtlstransport import RTCCertificate
from aiortc.sdp import candidate_from_sdp

from ward_signalling.inbox import fingerprints_of
from ward_signalling.media.encode_once import FanOut
from ward_signalling.media.port import Described, MediaRefused, OnState
from ward_signalling.media.sdp import is_mdns, with_sha256_only, without_mdns
from ward_signalling.messages import ByeReason


def make_certificate() -> RTCCertificate:
    """Return a new certificate, ECDSA P-256."""
    return RTCCertificate.generateCertificate()


class _Peer:
    def __init__(self, certificate: RTCCertificate, on_state: OnState) -> None:
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        # There is no public way to give a connection its certificate (RTCConfiguration.certificates in W3C).
        self._connection._RTCPeerConnection__certificates = [certificate]  # type: ignore[attr-defined]
        self._on_state = on_state
        self._connection.on("connectionstatechange", self._state_changed)

    async def add_candidate(self, candidate: str, mid: str) -> None:
        """Take a candidate that came by itself; an empty one, one behind `.local` and one that cannot be read
        change nothing. That there are no more is never told on: who waits has a time-out."""
        if not candidate or is_mdns(candidate):
            return
        try:
            parsed = candidate_from_sdp(candidate.removeprefix("candidate:"))
            parsed.sdpMid = mid
            await self._connection.addIceCandidate(parsed)
        except Exception:  # noqa: S110  text from outside: whatever it trips over, the next one may do
            pass

    async def close(self) -> None:
        """End the connection; the other hears of it by DTLS."""
        await self._connection.close()

    def _state_changed(self) -> None:
        self._on_state(self._connection.connectionState)

    async def _set_remote(self, sdp: str, type_: str) -> None:
        try:
            description = RTCSessionDescription(sdp=without_mdns(sdp), type=type_)
            await self._connection.setRemoteDescription(description)
        except OperationError as error:
            raise MediaRefused(ByeReason.NO_CODEC) from error
        except Exception as error:  # text from outside: aiortc asserts and indexes its way through
            raise MediaRefused(ByeReason.NO_MEDIA) from error

    async def _set_local(self, description: RTCSessionDescription) -> Described:
        await self._connection.setLocalDescription(description)
        sdp = with_sha256_only(self._connection.localDescription.sdp)
        (fingerprint,) = fingerprints_of(sdp)
        return Described(sdp, fingerprint)


class Speaker(_Peer):
    """Whose sound is relayed. It dials; its sound goes into the fan-out as soon as there is any."""

    def __init__(self, fan_out: FanOut, certificate: RTCCertificate, on_state: OnState) -> None:
        super().__init__(certificate, on_state)
        self._fan_out = fan_out
        self._connection.on("track", self._track_came)

    async def answer(self, offer: str) -> Described:
        """Return the answer to the speaker's offer. Raises MediaRefused."""
        await self._set_remote(offer, "offer")
        transceivers = self._connection.getTransceivers()
        if not any(one.kind == "audio" for one in transceivers):
            raise MediaRefused(ByeReason.NO_MEDIA)
        for one in transceivers:
            # Decoding pictures costs a tenth of a core, and nobody looks.
            one.direction = "recvonly" if one.kind == "audio" else "inactive"
        try:
            return await self._set_local(await self._connection.createAnswer())
        except Exception as error:  # closed meanwhile, or nothing of the offer can be answered
            raise MediaRefused(ByeReason.NO_MEDIA) from error

    def _track_came(self, track: MediaStreamTrack) -> None:
        if track.kind == "audio":
            self._fan_out.read(track)


class Listener(_Peer):
    """One terminal that hears the fan-out. The relay dials."""

    def __init__(self, fan_out: FanOut, certificate: RTCCertificate, on_state: OnState) -> None:
        super().__init__(certificate, on_state)
        self.track = fan_out.track()
        sender = self._connection.addTransceiver(self.track, direction="sendonly")
        codecs = RTCRtpSender.getCapabilities("audio").codecs
        # The packets are Opus whatever is agreed on, so nothing else may be.
        sender.setCodecPreferences([codec for codec in codecs if codec.mimeType == "audio/opus"])

    async def offer(self) -> Described:
        """Return the offer. Raises MediaRefused when this machine has no address to be reached at."""
        try:
            described = await self._set_local(await self._connection.createOffer())
        except Exception as error:  # closed meanwhile
            raise MediaRefused(ByeReason.NO_MEDIA) from error
        if "a=candidate:" not in described.sdp:
            raise MediaRefused(ByeReason.NO_MEDIA)
        return described

    async def take_answer(self, answer: str) -> None:
        """Take the terminal's answer. Raises MediaRefused."""
        await self._set_remote(answer, "answer")

    async def close(self) -> None:
        self.track.stop()
        await super().close()
