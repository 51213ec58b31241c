"""Where the hub may push to: listed beginnings only, and no way round them by how an address is written."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ward_hub.push.endpoints import MAX_CHARS, AllowList, EndpointRefused, allowed_addresses, may_connect

LISTED = "https://fcm.googleapis.com/fcm/send/ https://ntfy.ward.lan:8443/up/ http://127.0.0.1:9000/"


@pytest.mark.parametrize(
    ("endpoint", "origin"),
    [
        ("https://fcm.googleapis.com/fcm/send/abc:def_-", "https://fcm.googleapis.com"),
        ("https://FCM.googleapis.com:443/fcm/send/x", "https://fcm.googleapis.com:443"),
        ("https://ntfy.ward.lan:8443/up/pda?up=1", "https://ntfy.ward.lan:8443"),
        ("http://127.0.0.1:9000/any", "http://127.0.0.1:9000"),
    ],
)
def test_what_is_listed_is_allowed(endpoint: str, origin: str) -> None:
    assert AllowList(LISTED).check(endpoint).origin == origin


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "https://fcm.googleapis.com/",
        "https://fcm.googleapis.com/fcm/sendx/abc",
        "https://fcm.googleapis.com.evil.example/fcm/send/x",
        "https://evil.example/https://fcm.googleapis.com/fcm/send/",
        "https://fcm.googleapis.com@evil.example/fcm/send/x",
        "https://fcm.googleapis.com:8443/fcm/send/x",
        "https://fcm.googleapis.com/fcm/send/../../admin",
        "https://fcm.googleapis.com/fcm/send/%2e%2E/x",
        "https://fcm.googleapis.com/fcm/send/./x",
        "https://fcm.googleapis.com\\fcm/send/x",
        "https://fcm.googleapis.com/fcm/send/x#y",
        "https://fcm.googleapis.com/fcm/send/\nx",
        "https://fcm.googleapis.com/fcm/send/é",
        "http://fcm.googleapis.com/fcm/send/x",
        "http://ntfy.ward.lan:8443/up/x",
        "http://127.0.0.2:9000/any",
        "http://localhost:9000/any",
        "https://ntfy.ward.lan:99999/up/",
        "https://[::1/up/",
        "ftp://ntfy.ward.lan:8443/up/x",
        "javascript:alert(1)",
        "//fcm.googleapis.com/fcm/send/x",
        f"https://fcm.googleapis.com/fcm/send/{'x' * MAX_CHARS}",
    ],
)
def test_everything_else_is_refused_and_not_quoted(endpoint: str) -> None:
    with pytest.raises(EndpointRefused) as refused:
        AllowList(LISTED).check(endpoint)
    assert not endpoint or endpoint not in str(refused.value)


@given(st.text(max_size=60))
def test_no_text_does_anything_but_be_refused(text: str) -> None:
    with pytest.raises(EndpointRefused):
        AllowList("https://push.ward.lan/x/").check(text)


def test_an_empty_list_allows_nothing() -> None:
    assert not AllowList("")
    with pytest.raises(EndpointRefused):
        AllowList(" ").check("https://fcm.googleapis.com/fcm/send/x")


@pytest.mark.parametrize(
    "text",
    ["fcm.googleapis.com", "https://x.example", "https://x.example/a", "http://x.example/", "https://u@x/",
     "https://x.example/?a=/", "https:///x/", "*"],
)  # fmt: skip
def test_a_prefix_that_is_none_stops_the_hub(text: str) -> None:
    with pytest.raises(ValueError, match="push_endpoints"):
        AllowList(text)


@pytest.mark.parametrize(
    ("host", "address", "allowed"),
    [
        ("fcm.googleapis.com", "142.250.1.95", True),
        ("fcm.googleapis.com", "10.0.0.7", False),
        ("updates.push.services.mozilla.com", "192.168.1.1", False),
        ("ntfy.ward.lan", "10.0.0.7", True),
        ("ntfy.ward.lan", "fd00::7", True),
        ("ntfy.ward.lan", "127.0.0.1", False),
        ("ntfy.ward.lan", "::1", False),
        ("ntfy.ward.lan", "::ffff:127.0.0.1", False),
        ("ntfy.ward.lan", "169.254.169.254", False),
        ("ntfy.ward.lan", "fe80::1", False),
        ("ntfy.ward.lan", "0.0.0.0", False),
        ("ntfy.ward.lan", "224.0.0.1", False),
        ("127.0.0.1", "127.0.0.1", True),
        ("10.0.0.7", "10.0.0.7", True),
        ("10.0.0.7", "10.0.0.8", False),
    ],
)
def test_a_name_may_not_stand_for_any_address(host: str, address: str, allowed: bool) -> None:
    assert may_connect(host, ipaddress.ip_address(address)) is allowed


def test_of_the_addresses_of_a_name_only_the_allowed_are_used() -> None:
    assert allowed_addresses("ntfy.ward.lan", ["127.0.0.1", "10.0.0.7", "fe80::1%eth0"]) == ["10.0.0.7"]
