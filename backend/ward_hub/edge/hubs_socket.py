"""/hubs: the link on which another hub of the installation tells what happens at its terminals."""

from __future__ import annotations

import asyncio
import logging

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from ward_sync.close_codes import CloseCode

from ward_hub.hubs import frames, proof
from ward_hub.hubs.links import OPEN_S, PATH, Links

log = logging.getLogger(__name__)


def hubs_route(links: Links) -> WebSocketRoute:
    """The route other hubs open their links on. Who does not prove to be one hears only a nonce."""

    async def hubs_socket(websocket: WebSocket) -> None:
        await websocket.accept()
        try:
            hub = await _greet(websocket, links)
            if hub is None:
                await websocket.close(CloseCode.UNAUTHORIZED)
                return
            log.info("hub %s is linked", hub)
            links.on_hub(hub)
            while True:
                await links.hear(hub, await _receive(websocket, frames.MAX_FRAME_BYTES))
        except frames.Malformed as error:
            log.warning("a link of another hub is closed: %s", error)
            await websocket.close(CloseCode.UNAUTHORIZED)
        except (WebSocketDisconnect, RuntimeError):
            return

    return WebSocketRoute(PATH, hubs_socket)


async def _greet(websocket: WebSocket, links: Links) -> str | None:
    """Return the name of a hub that has proved itself, None of anybody else. Raises Malformed."""
    nonce = proof.new_nonce()
    hello = frames.encode(
        "hello", v=frames.VERSION, hub=links.name, installation=links.installation, nonce=nonce
    )
    await websocket.send_bytes(hello)
    try:
        async with asyncio.timeout(OPEN_S):
            kind, answer = frames.parse(await _receive(websocket, frames.MAX_HELLO_BYTES))
    except TimeoutError:
        return None
    hub = frames.text(answer, "hub", 64)
    given = frames.text(answer, "proof", 64)
    if kind != "hello" or not proof.holds(links.key, links.installation, hub, links.name, nonce, given):
        return None
    own = proof.prove(
        links.key, links.installation, links.name, hub, frames.text(answer, "nonce", proof.NONCE_CHARS)
    )
    await websocket.send_bytes(frames.encode("welcome", proof=own))
    return hub


async def _receive(websocket: WebSocket, most: int) -> bytes:
    data = await websocket.receive_bytes()
    if len(data) > most:
        raise frames.Malformed(f"expected at most {most} bytes, got {len(data)}")
    return data
