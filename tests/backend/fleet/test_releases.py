"""Releases on the shelf (DEV-07): added whole or not at all, kept over a restart, deleted when nobody needs
them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from ward_hub.fleet import releases as shelf
from ward_hub.fleet.release_zip import BadRelease
from ward_hub.fleet.releases import NoRoom, NotHeld, StillUsed, TooLarge
from ward_hub.fleet.rollout import Event
from ward_hub.fleet.rollouts import Stage

from tests.backend.fleet.apps import BASE, NEW, NEWER, app_files, release_zip, zip_of
from tests.backend.fleet.fleet_hub import ADMIN, FleetHub, fleet_hub


async def body(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), 1000):
        yield data[start : start + 1000]


async def add(hub: FleetHub, data: bytes, note: str = "") -> str:
    return (await hub.fleet.releases.add(ADMIN, note, body(data))).build


def on_disk(folder: Path) -> set[str]:
    return {path.name for path in (folder / "releases").iterdir()}


async def test_an_added_release_is_there_after_a_restart(hub: FleetHub, tmp_path: Path) -> None:
    assert await add(hub, release_zip(), "夜间修正") == NEW
    again = await fleet_hub(hub.database, tmp_path)
    [held] = again.fleet.releases.added()
    assert (held.build, held.version, held.added_by, held.note) == (NEW, "1.2.0", "a001", "夜间修正")
    assert again.fleet.releases.folder_of(NEW) == tmp_path / "releases" / NEW
    assert hub.audit.said() == [("release", "ok", "add")]


async def test_an_unfit_release_leaves_nothing(hub: FleetHub, tmp_path: Path) -> None:
    for data in (b"no zip", release_zip(BASE), zip_of(app_files(NEW) | {"../evil.js": b"x"})):
        with pytest.raises(BadRelease):
            await add(hub, data)
    assert on_disk(tmp_path) == {"incoming"}
    assert list((tmp_path / "releases" / "incoming").iterdir()) == []
    await add(hub, release_zip())
    with pytest.raises(BadRelease, match="held already"):
        await add(hub, release_zip())


async def test_too_much_is_not_read_to_its_end(hub: FleetHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "MAX_ZIP_BYTES", 5_000)
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 1
            yield b"x" * 1000

    with pytest.raises(TooLarge):
        await hub.fleet.releases.add(ADMIN, "", endless())
    assert read == 6


async def test_a_full_disk_and_a_silent_trail_leave_nothing_held(
    hub: FleetHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("no space")

    with monkeypatch.context() as patched:
        patched.setattr(shelf, "unpack", full)
        with pytest.raises(NoRoom):
            await add(hub, release_zip())
    hub.audit.broken = True
    with pytest.raises(NoRoom):
        await add(hub, release_zip())
    assert hub.fleet.releases.added() == []
    again = await fleet_hub(hub.database, tmp_path)
    assert again.fleet.releases.added() == []
    assert on_disk(tmp_path) == {"incoming"}


async def test_a_name_with_a_hash_means_one_content(hub: FleetHub) -> None:
    await add(hub, release_zip())
    stolen = f"assets/app-{NEW[-8:]}.js"
    with pytest.raises(BadRelease, match="differs"):
        await add(hub, zip_of(app_files(NEWER) | {stolen: b"another"}))
    await add(
        hub, zip_of(app_files(NEWER) | {stolen: app_files(NEW)[stolen], "assets/icons/icon-192.png": b"2"})
    )


async def test_a_release_that_is_damaged_on_disk_is_not_served(hub: FleetHub, tmp_path: Path) -> None:
    await add(hub, release_zip())
    (tmp_path / "releases" / NEW / "sw.js").unlink()
    again = await fleet_hub(hub.database, tmp_path)
    assert not again.fleet.releases.holds(NEW)
    assert again.fleet.releases.folder_of(NEW) == tmp_path / "base-app"


async def test_no_more_than_a_shelf_full(hub: FleetHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "MAX_RELEASES", 1)
    await add(hub, release_zip())
    with pytest.raises(BadRelease, match="delete one first"):
        await add(hub, release_zip(NEWER))


async def test_what_somebody_needs_is_not_deleted(hub: FleetHub, tmp_path: Path) -> None:
    await add(hub, release_zip())
    releases, used_by = hub.fleet.releases, hub.fleet.rollouts.used_by
    with pytest.raises(StillUsed, match="own"):
        await releases.remove(ADMIN, BASE, used_by)
    with pytest.raises(NotHeld):
        await releases.remove(ADMIN, NEWER, used_by)
    await hub.report("bed-b01", build=NEW)
    with pytest.raises(StillUsed, match="bed-b01 runs it"):
        await releases.remove(ADMIN, NEW, used_by)
    await hub.report("bed-b01", build=BASE)
    await hub.fleet.rollouts.start(ADMIN, NEW, [Stage("one", ("bed-b02",))], None)
    with pytest.raises(StillUsed, match="roll-out 1"):
        await releases.remove(ADMIN, NEW, used_by)
    await hub.fleet.rollouts.act(ADMIN, 1, Event.ROLLBACK)
    await releases.remove(ADMIN, NEW, used_by)
    assert on_disk(tmp_path) == {"incoming"}
    assert (await fleet_hub(hub.database, tmp_path)).fleet.releases.added() == []
