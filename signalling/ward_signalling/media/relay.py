"""All media of one broadcast: its fan-out, its speaker's end and its listeners' ends."""

from __future__ import annotations

from aiortc.rtcdtlstransport import RTCCertificate

from ward_signalling.media.encode_once import FanOut
from ward_signalling.media.peers import Listener, Speaker
from ward_signalling.media.port import OnState


class Relay:
    """Makes the ends; whoever asked for one closes it. `certificate`: the same for all of a hub's life."""

    def __init__(self, certificate: RTCCertificate) -> None:
        self._certificate = certificate
        self._fan_out = FanOut()

    @property
    def heard_ms(self) -> int:
        """How much sound the speaker has sent so far."""
        return self._fan_out.heard_ms

    def speaker(self, on_state: OnState) -> Speaker:
        return Speaker(self._fan_out, self._certificate, on_state)

    def listener(self, on_state: OnState) -> Listener:
        return Listener(self._fan_out, self._certificate, on_state)

    async def close(self) -> None:
        """Silence: end the source and every listener's track."""
        await self._fan_out.close()
