"""A bathroom caller over HTTP: from the press to every terminal that has to know, through a restart."""

from __future__ import annotations

from pathlib import Path

from tests.backend.call_points.points import gateway


async def test_a_press_over_http_rings_verified_everywhere_and_its_cancel_ends_it(tmp_path: Path) -> None:
    """CALL-01, A13, A15."""
    async with gateway(tmp_path) as ward:
        device = await ward.device()
        places = [
            await ward.watch("station-main", "station", None),
            await ward.watch("door-r01", "door", "r01"),
            await ward.watch("corridor-1", "corridor", None),
        ]
        await device.say("alive")
        pressed = device.request("pressed")
        (call,) = (await device.post(*pressed)).json()["calls"]
        for place in places:
            (row,) = (await place.board()).rows
            assert (row.id, row.verified, row.source, row.class_) == (call, True, "bathroom:r01", 1)
            assert (await place.board()).troubles == ()
        await ward.restart()
        assert (await device.post(*pressed)).json()["error"]["code"] == "replayed"
        places = [await ward.watch("station-main", "station", None)]
        (row,) = (await places[0].board()).rows
        assert (row.id, row.verified) == (call, True)
        assert await device.state("pressed") == "held"
        assert await device.state("cancelled") == "cancelled"
        for place in places:
            board = await place.board()
            assert board.rows == ()
            assert board.closed[call].act == "cancelled"
