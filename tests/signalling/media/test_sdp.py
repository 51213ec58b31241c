"""What the relay reads from descriptions and leaves out of them."""

from __future__ import annotations

from ward_signalling.media.sdp import is_mdns, with_sha256_only, without_mdns

NAMED = "candidate:1 1 udp 2122260223 4d1c2f5e-aaaa-4bbb-8ccc-0123456789ab.local 51234 typ host"
PLAIN = "candidate:2 1 udp 2122260223 192.0.2.7 51235 typ host"


def test_a_candidate_behind_local_is_known_with_and_without_its_mark() -> None:
    assert is_mdns(NAMED)
    assert is_mdns(f"a={NAMED}")
    assert not is_mdns(PLAIN)
    assert not is_mdns("candidate:")


def test_named_candidates_go_and_with_them_the_mark_that_there_are_no_others() -> None:
    sdp = "\r\n".join(("v=0", f"a={NAMED}", f"a={PLAIN}", "a=end-of-candidates", "a=mid:0", ""))
    assert without_mdns(sdp) == "\r\n".join(("v=0", f"a={PLAIN}", "a=mid:0", ""))


def test_a_description_with_addresses_only_stays_as_it_is() -> None:
    sdp = "\r\n".join(("v=0", f"a={PLAIN}", "a=end-of-candidates", ""))
    assert without_mdns(sdp) == sdp


def test_of_the_fingerprints_only_the_digest_that_signals_name_stays() -> None:
    """SG13"""
    sdp = "v=0\r\na=fingerprint:sha-256 AB:CD\r\na=fingerprint:sha-512 01:02\r\na=mid:0\r\n"
    assert with_sha256_only(sdp) == "v=0\r\na=fingerprint:sha-256 AB:CD\r\na=mid:0\r\n"
