"""Subscriptions of the hub's own push service and what waits for them, in SQL; channels also in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy import delete, func, select, update

from ward_hub.db.engine import Database
from ward_hub.push.service.posted import Posted
from ward_hub.push.tables import PushChannel, PushMessage

MAX_CHANNELS = 4096
MAX_CHANNELS_A_CLIENT = 16
MAX_WAITING = 64
"""Messages that wait for one channel: more rows than a ward rings with at once."""
UNUSED_MS = 60 * 24 * 3_600_000
"""A channel whose client has not come for so long is forgotten."""


@dataclass(frozen=True, slots=True)
class Channel:
    """A subscription; see tables.py PushChannel."""

    id: str
    client: str
    channel: str
    endpoint: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that waits for its client."""

    version: str
    channel: str
    body: bytes


class ServiceStore:
    """All channels and messages. One hub writes them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._channels: dict[str, Channel] = {}
        self._clients: dict[str, set[str]] = {}

    async def load(self) -> None:
        """Read the channels; once at start."""
        self._channels.clear()
        self._clients.clear()
        async with self._database.session() as session:
            for row in await session.scalars(select(PushChannel)):
                self._hold(Channel(row.id, row.client, row.channel, row.endpoint))

    def channel(self, id_: str) -> Channel | None:
        return self._channels.get(id_)

    def knows(self, client: str) -> bool:
        """Whether the client has a channel."""
        return client in self._clients

    async def register(
        self, client: str, channel: str, made: Callable[[], Channel], now: int
    ) -> Channel | None:
        """Return the client's channel of that name, made when there is none; None where there is no room."""
        mine = [self._channels[id_] for id_ in self._clients.get(client, ())]
        for known in mine:
            if known.channel == channel:
                return known
        if len(mine) >= MAX_CHANNELS_A_CLIENT or len(self._channels) >= MAX_CHANNELS:
            return None
        fresh = made()
        async with self._database.session.begin() as session:
            session.add(
                PushChannel(
                    id=fresh.id,
                    client=client,
                    channel=channel,
                    endpoint=fresh.endpoint,
                    since=now,
                    seen_at=now,
                )
            )
        self._hold(fresh)
        return fresh

    async def unregister(self, client: str, channel: str) -> None:
        """Forget the client's channel of that name with what waits for it."""
        await self._remove(
            id_ for id_ in self._clients.get(client, ()) if self._channels[id_].channel == channel
        )

    async def seen(self, client: str, now: int) -> None:
        """The client came."""
        async with self._database.session.begin() as session:
            await session.execute(update(PushChannel).where(PushChannel.client == client).values(seen_at=now))

    async def keep(self, channel: str, version: str, posted: Posted, now: int) -> None:
        """Store a message; one of the same topic is replaced (RFC 8030, 5.4), of too many the oldest goes."""
        async with self._database.session.begin() as session:
            if posted.topic is not None:
                await session.execute(
                    delete(PushMessage).where(
                        PushMessage.channel == channel, PushMessage.topic == posted.topic
                    )
                )
            count = await session.scalar(
                select(func.count()).select_from(PushMessage).where(PushMessage.channel == channel)
            )
            if (count or 0) >= MAX_WAITING:
                oldest = (
                    select(PushMessage.seq)
                    .where(PushMessage.channel == channel)
                    .order_by(PushMessage.seq)
                    .limit((count or 0) - MAX_WAITING + 1)
                )
                await session.execute(
                    delete(PushMessage).where(PushMessage.seq.in_(list(await session.scalars(oldest))))
                )
            session.add(
                PushMessage(
                    version=version,
                    channel=channel,
                    topic=posted.topic,
                    urgency=posted.urgency,
                    expires_at=now + posted.ttl_s * 1000,
                    body=posted.body,
                )
            )

    async def waiting(self, client: str, now: int) -> list[Waiting]:
        """What waits for the client, oldest first."""
        ids = list(self._clients.get(client, ()))
        async with self._database.session() as session:
            rows = await session.scalars(
                select(PushMessage)
                .where(PushMessage.channel.in_(ids), PushMessage.expires_at > now)
                .order_by(PushMessage.seq)
            )
            return [Waiting(row.version, row.channel, row.body) for row in rows]

    async def delivered(self, client: str, versions: Iterable[str]) -> None:
        """The client has these; only its own are taken away."""
        ids = list(self._clients.get(client, ()))
        async with self._database.session.begin() as session:
            await session.execute(
                delete(PushMessage).where(
                    PushMessage.version.in_(list(versions)), PushMessage.channel.in_(ids)
                )
            )

    async def forget_old(self, now: int) -> None:
        """Forget what has outlived its TTL, and channels whose client has long stayed away."""
        async with self._database.session.begin() as session:
            await session.execute(delete(PushMessage).where(PushMessage.expires_at <= now))
        async with self._database.session() as session:
            unused = await session.scalars(
                select(PushChannel.id).where(PushChannel.seen_at < now - UNUSED_MS)
            )
            ids = list(unused)
        await self._remove(ids)

    async def _remove(self, ids: Iterable[str]) -> None:
        gone = list(ids)
        if not gone:
            return
        async with self._database.session.begin() as session:
            await session.execute(delete(PushMessage).where(PushMessage.channel.in_(gone)))
            await session.execute(delete(PushChannel).where(PushChannel.id.in_(gone)))
        for id_ in gone:
            channel = self._channels.pop(id_, None)
            if channel is not None:
                mine = self._clients[channel.client]
                mine.discard(id_)
                if not mine:
                    del self._clients[channel.client]

    def _hold(self, channel: Channel) -> None:
        self._channels[channel.id] = channel
        self._clients.setdefault(channel.client, set()).add(channel.id)
