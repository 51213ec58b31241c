"""What only a real CouchDB shows: partitions, purging, limits, rights, the end of a feed.

Run with `COUCHDB_URL=http://ADMIN:PASSWORD@HOST:5984`; skipped with a reason elsewhere.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from urllib.error import HTTPError
from urllib.parse import quote, urlsplit

import pytest
from ward_hub.log.couch.client import Couch, TooLarge, parse_address
from ward_hub.log.port import LogRefused

from tests.backend.log.couch.conftest import QUICK, OpenHub
from tests.backend.log.couch.edits import Author, Replica, update
from tests.helpers.couchdb_server import ask

pytestmark = pytest.mark.couchdb_only
AT_ONCE = replace(QUICK, window_s=0.0)


def as_user(url: str, user: str, password: str) -> str:
    parts = urlsplit(url)
    return parts._replace(
        netloc=f"{quote(user)}:{quote(password)}@{parts.netloc.rpartition('@')[2]}"
    ).geturl()


async def test_the_database_is_partitioned_by_document(url: str, hub: OpenHub) -> None:
    log = await hub("a")
    await log.append([update(b"1", "ward/w/board"), update(b"2", "other")])
    assert ask("GET", url)["props"] == {"partitioned": True}
    assert ask("GET", f"{url}/_partition/d.ward~w~board")["doc_count"] == 1


async def test_removed_updates_are_purged_and_leave_no_row_in_the_feed(url: str, hub: OpenHub) -> None:
    log = await hub("a", AT_ONCE)
    author = Author(1)
    for number in range(130):
        await log.append([update(author.set("k", str(number)))])
    await log.compact("a")
    assert await log.tidy() == 130
    rows = ask("GET", f"{url}/_changes")["results"]
    assert {row["id"] for row in rows} == {"meta:log", "d.a:s"}


async def test_a_body_over_the_limit_is_refused_and_an_attachment_is_not(url: str, hub: OpenHub) -> None:
    log = await hub("a")
    couch = Couch(parse_address(url))
    try:
        with pytest.raises(TooLarge):
            await couch.bulk([{"_id": "d.x:large", "x": "y" * 9_000_000}])
    finally:
        await couch.close()
    await log.append([update(b"\x01" * 9_000_000)])
    assert [len(payload) for payload in await log.load("a")] == [9_000_000]


async def test_a_wrong_password_is_refused_once_and_not_tried_again(url: str, hub: OpenHub) -> None:
    await hub("a")
    with pytest.raises(LogRefused):
        await hub("b", at=as_user(url, "nobody", "wrong"))


async def test_a_user_without_an_administrators_rights_deletes_instead_of_purging(
    url: str, hub: OpenHub
) -> None:
    await hub("maker")
    server = url.rpartition("/")[0]
    name = url.rpartition("/")[2]
    with suppress(HTTPError):  # it is there already
        ask("PUT", f"{server}/_users")
    user = f"org.couchdb.user:{name}"
    made = {"name": name, "password": "short-lived", "type": "user", "roles": []}
    rev = ask("PUT", f"{server}/_users/{user}", made)["rev"]
    try:
        ask("PUT", f"{url}/_security", {"members": {"names": [name], "roles": []}})
        log = await hub("a", AT_ONCE, at=as_user(url, name, "short-lived"))
        author = Author(1)
        for number in range(3):
            await log.append([update(author.set("k", str(number)))])
        await log.compact("a")
        assert await log.tidy() == 3
        assert len(await log.load("a")) == 1
    finally:
        ask("DELETE", f"{server}/_users/{user}?rev={rev}")


async def test_the_feed_of_a_deleted_database_ends_and_finds_the_next(url: str, hub: OpenHub) -> None:
    log = await hub("a")
    here = Replica(log)
    await (await hub("b")).append([update(b"1")])
    await here.hears(b"1")
    await asyncio.to_thread(ask, "DELETE", url)
    other = await hub("c")
    await here.loses_its_place()
    await other.append([update(b"2")])
    await here.hears(b"2")
