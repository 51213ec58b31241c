"""Leases as documents: whoever writes over the revision he has read holds it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ward_hub.leases.port import LeaseState
from ward_hub.log.couch.client import Couch
from ward_hub.log.couch.documents import ROW_BYTES, VERSION, Json
from ward_hub.log.couch.group import GroupCommit
from ward_hub.log.couch.names import lease_id
from ward_hub.log.port import LogUnavailable, StorageFull

WRITE_S = 2.0
"""A write that takes longer is no use: the lease is about to end."""


class CouchLeases:
    """LeaseStore on the log's database. Writes that come at once share a request."""

    def __init__(self, couch: Couch, group: GroupCommit, clock: Callable[[], float]) -> None:
        self._couch = couch
        self._group = group
        self._clock = clock

    async def read(self, names: Iterable[str]) -> dict[str, LeaseState]:
        by_id = {lease_id(name): name for name in names}
        found = await self._couch.look_up(list(by_id))
        return {by_id[key]: LeaseState(str(doc["holder"]), str(doc["_rev"])) for key, doc in found.items()}

    async def write(self, name: str, holder: str, version: str | None) -> LeaseState | None:
        document: Json = {"_id": lease_id(name), "v": VERSION, "holder": holder}
        if version is not None:
            document["_rev"] = version
        self._couch.check_open()
        try:
            revision = await self._group.put(document, ROW_BYTES, self._clock() + WRITE_S, again=False)
        except StorageFull as error:
            raise LogUnavailable(str(error)) from error
        return LeaseState(holder, revision) if revision is not None else None
