"""Single sign-on: who is let in by the hospital's provider, and every way a token proves nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from starlette.responses import JSONResponse, PlainTextResponse, Response
from ward_hub.accounts.oidc import KEYS_APART_MS, OidcProvider, http_client
from ward_hub.edge.office_oidc import LIFE_MS, TRIES, OfficeOidc, office_oidc_routes

from tests.backend.edge.office import Browser, Office, code_of, open_office
from tests.helpers.oidc_provider import CLIENT, ISSUER, SECRET, Provider, public_jwk

DAY = 86_400_000


class House:
    """The office, and the provider beside it."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.provider = Provider(office.clock)
        self.http = self.provider.http()
        client = OidcProvider(
            ISSUER, CLIENT, SECRET, "preferred_username", "http://hub/", self.http, office.clock
        )
        office.routes += office_oidc_routes(
            OfficeOidc(client, office.database, office.gate, office.sessions, office.audit, office.clock)
        )

    async def leave(self, browser: Browser) -> str:
        """The browser is sent to the provider; returns where the provider sends it back to."""
        there = await browser.get("oidc/start")
        assert there.status_code == 303
        transport = httpx.ASGITransport(self.provider.app)
        async with httpx.AsyncClient(transport=transport) as client:
            return (await client.get(there.headers["location"])).headers["location"]

    async def come(self, browser: Browser, back: str) -> str:
        """Where the browser ends: `/office/`, or the code of the refusal."""
        answer = await browser.client.get(back)
        if answer.status_code >= 400:
            return code_of(answer)
        assert answer.status_code == 303
        place = urlsplit(answer.headers["location"])
        assert (place.scheme, place.netloc, place.path) == ("", "", "/office/")
        return parse_qs(place.query)["refused"][0] if place.query else place.path

    async def sign_in(self, browser: Browser | None = None) -> str:
        browser = browser or self.office.browser()
        return await self.come(browser, await self.leave(browser))

    async def why(self) -> Any:
        """Why the last try was refused, as the audit trail has it."""
        return (await self.office.lines("sign_in"))[-1][4].get("why")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_office(tmp_path) as office:
        made = House(office)
        yield made
        await made.http.aclose()


async def test_a_person_comes_in_by_the_hospitals_sign_in(house: House) -> None:
    browser = house.office.browser()
    assert await house.sign_in(browser) == "/office/"
    me = (await browser.get("me")).json()
    assert me["staff"]["id"] == "h001"
    assert await house.office.lines() == [("sign_in", "ok", "h001", None, {"place": "office", "way": "oidc"})]
    # The provider keeps the password: ours being old is nobody's business.
    house.office.now += 91 * DAY
    assert await house.sign_in(browser) == "/office/"
    assert (await browser.get("me")).json()["password_due"] is False
    # What keeps any session holds for this one.
    await house.office.sql("UPDATE staff SET active = 0 WHERE id = 'h001'")
    assert code_of(await browser.get("me")) == "signed_out"


async def test_the_browser_is_sent_with_all_that_protects_the_way(house: House) -> None:
    answer = await house.office.browser().get("oidc/start")
    place = urlsplit(answer.headers["location"])
    query = {name: value[0] for name, value in parse_qs(place.query).items()}
    assert f"{place.scheme}://{place.netloc}{place.path}" == f"{ISSUER}/authorize"
    assert query["redirect_uri"] == "http://hub/api/office/oidc/callback"
    assert len({query["state"], query["nonce"], query["code_challenge"]}) == 3
    assert min(len(query[name]) for name in ("state", "nonce", "code_challenge")) >= 43
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "Path=/api/office/oidc" in cookie


@pytest.mark.parametrize(
    ("person", "code"),
    [
        ("a001", "/office/"),
        ("e001", "/office/"),
        ("n001", "sign_in_elsewhere"),
        ("x999", "sign_in_refused"),
        ("gone", "sign_in_refused"),
        ("", "sign_in_refused"),
        ("h" * 33, "sign_in_refused"),
        (1001, "sign_in_refused"),
        (["a001"], "sign_in_refused"),
        (None, "sign_in_refused"),
    ],
)
async def test_only_people_the_hub_knows_come_in(house: House, person: Any, code: str) -> None:
    await house.office.sql("UPDATE staff SET number = 'gone', active = 0 WHERE id = 'd002'")
    house.provider.claims["preferred_username"] = person
    assert await house.sign_in() == code
    assert (await house.office.lines())[-1][1] == ("ok" if code == "/office/" else "refused")


MINUTE = 60
NOW_S = 1_800_000_000


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"nonce": "another"}, "of another sign-in"),
        ({"nonce": None}, "MissingRequiredClaimError"),
        ({"nonce": 5}, "of another sign-in"),
        ({"iss": "https://evil.example"}, "of another issuer"),
        ({"iss": ISSUER + "/"}, "of another issuer"),
        ({"aud": "somebody-else"}, "for another client"),
        ({"aud": []}, "for another client"),
        ({"aud": ["other", CLIENT]}, "given to another client"),
        ({"aud": [CLIENT, "other"], "azp": "other"}, "given to another client"),
        ({"azp": "other"}, "given to another client"),
        ({"exp": NOW_S - 60}, "expired"),
        ({"exp": None}, "MissingRequiredClaimError"),
        ({"exp": "soon"}, "expected exp in seconds"),
        ({"exp": True}, "expected exp in seconds"),
        ({"iat": NOW_S + 61}, "of the future"),
        ({"nbf": NOW_S + 61}, "of the future"),
        ({"iat": NOW_S - 11 * MINUTE}, "too old"),
        ({"iat": None}, "MissingRequiredClaimError"),
        ({"sub": None}, "MissingRequiredClaimError"),
    ],
)
async def test_a_token_about_something_else_is_refused(
    house: House, claims: dict[str, Any], why: str
) -> None:
    house.provider.claims = claims
    browser = house.office.browser()
    assert await house.sign_in(browser) == "sign_in_refused"
    assert why in await house.why()
    assert code_of(await browser.get("me")) == "signed_out"


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": NOW_S - 59},
        {"iat": NOW_S + 60},
        {"iat": NOW_S - 10 * MINUTE, "exp": NOW_S + 1},
        {"aud": [CLIENT]},
        {"aud": [CLIENT, "other"], "azp": CLIENT},
    ],
)
async def test_clocks_may_be_a_minute_apart(house: House, claims: dict[str, Any]) -> None:
    house.provider.claims = claims
    assert await house.sign_in() == "/office/"


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS384", "PS256"])
async def test_other_algorithms_are_refused(house: House, algorithm: str) -> None:
    house.provider.algorithm = algorithm
    assert await house.sign_in() == "sign_in_refused"
    assert "expected RS256 or ES256" in await house.why()


async def test_a_key_of_the_other_kind_signs_nothing(house: House) -> None:
    house.provider.rotate(ec.generate_private_key(ec.SECP256R1()), "ES256")
    house.provider.header = {"kid": "k1"}
    assert await house.sign_in() == "sign_in_refused"
    assert "the key is none for ES256" in await house.why()


async def test_elliptic_keys_sign_too(house: House) -> None:
    house.provider.rotate(ec.generate_private_key(ec.SECP256R1()), "ES256")
    assert await house.sign_in() == "/office/"


async def test_a_token_must_name_a_key_that_is_there_and_strong(house: House) -> None:
    house.provider.header = {"kid": None}
    assert await house.sign_in() == "sign_in_refused"
    house.provider.header = {"kid": "k9"}
    assert await house.sign_in() == "sign_in_refused"
    assert await house.why() == "no such key"
    house.provider.header = {}
    house.office.now += KEYS_APART_MS
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    house.provider.rotate(weak)
    with pytest.warns(jwt.InsecureKeyLengthWarning):
        refused = await house.sign_in()
    assert refused == "sign_in_refused"
    assert await house.why() == "the key is none for RS256"


async def test_a_signature_by_somebody_elses_key_is_refused(house: House) -> None:
    mine = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    house.provider.published = [public_jwk("k1", mine)]
    assert await house.sign_in() == "sign_in_refused"
    assert "InvalidSignatureError" in await house.why()


@pytest.mark.parametrize("change", [{"use": "enc"}, {"alg": "RS512"}, {"n": "!"}, {"kty": "oct"}])
async def test_keys_that_are_for_something_else_are_not_used(house: House, change: dict[str, str]) -> None:
    key = public_jwk("k1", house.provider.keys["k1"])
    house.provider.published = [{**key, **change}]
    assert await house.sign_in() == "sign_in_refused"


async def test_new_keys_are_asked_for_once_a_minute_at_most(house: House) -> None:
    assert await house.sign_in() == "/office/"
    assert house.provider.asked == {"discovery": 1, "keys": 1, "token": 1}
    house.provider.rotate()
    for _ in range(5):
        assert await house.sign_in() == "sign_in_refused"
    assert house.provider.asked["keys"] == 1
    house.office.now += KEYS_APART_MS
    assert await house.sign_in() == "/office/"
    assert house.provider.asked["keys"] == 2
    assert house.provider.asked["discovery"] == 1


async def test_an_answer_counts_once_and_for_the_browser_that_left(house: House) -> None:
    browser, other = house.office.browser(), house.office.browser()
    back = await house.leave(browser)
    assert await house.come(other, back) == "forbidden"  # somebody's answer, slipped to another
    assert await house.come(browser, back) == "forbidden"  # and spent
    back = await house.leave(browser)
    assert await house.come(browser, back) == "/office/"
    assert await house.come(browser, back) == "forbidden"
    back = await house.leave(browser)
    house.office.now += LIFE_MS
    assert await house.come(browser, back) == "forbidden"
    for made_up in ("?state=x&code=y", "?code=y", "", "?state=&code="):
        path = "http://hub/api/office/oidc/callback" + made_up
        assert await house.come(browser, path) == "forbidden"


async def test_a_code_of_another_way_is_not_taken(house: House) -> None:
    """PKCE: a code that leaked is worth nothing without the verifier it was asked with."""
    mine, theirs = house.office.browser(), house.office.browser()
    my_way, their_way = await house.leave(mine), await house.leave(theirs)
    code = parse_qs(urlsplit(their_way).query)["code"][0]
    my_state = parse_qs(urlsplit(my_way).query)["state"][0]
    mixed = f"http://hub/api/office/oidc/callback?state={my_state}&code={code}"
    assert await house.come(mine, mixed) == "sign_in_refused"
    assert await house.why() == "the provider does not know the code"


async def test_who_turns_back_is_refused(house: House) -> None:
    browser = house.office.browser()
    state = parse_qs(urlsplit(await house.leave(browser)).query)["state"][0]
    back = f"http://hub/api/office/oidc/callback?state={state}&error=access_denied"
    assert await house.come(browser, back) == "sign_in_refused"


async def test_no_parameter_sends_the_browser_elsewhere(house: House) -> None:
    browser = house.office.browser()
    answer = await browser.get("oidc/start", redirect_uri="https://evil.example", next="//evil.example")
    assert answer.headers["location"].startswith(f"{ISSUER}/authorize?")
    assert "evil" not in answer.headers["location"]
    back = await house.leave(browser) + "&next=https://evil.example&redirect_uri=//evil.example"
    assert await house.come(browser, back) == "/office/"


async def test_without_the_provider_the_password_still_opens(house: House) -> None:
    house.provider.down = True
    browser = house.office.browser()
    answer = await browser.get("oidc/start")
    assert answer.headers["location"] == "/office/?refused=provider"
    assert code_of(await browser.sign_in("h001")) == "ok"
    house.provider.down = False
    assert (await browser.get("oidc/start")).headers["location"] == "/office/?refused=provider"
    house.office.now += 5_000  # so long nobody waits for it again
    back = await house.leave(browser)
    house.provider.down = True
    assert await house.come(browser, back) == "provider"
    assert (await house.office.lines())[-1][1] == "failed"


@pytest.mark.parametrize(
    ("what", "answer"),
    [
        ("discovery", PlainTextResponse("<html>")),
        ("discovery", JSONResponse([])),
        ("discovery", JSONResponse({}, 500)),
        ("discovery", PlainTextResponse('{"a":"' + "x" * 300_000 + '"}')),
        ("discovery", JSONResponse({"issuer": "https://evil.example"})),
        (
            "discovery",
            JSONResponse(
                {
                    "issuer": ISSUER,
                    "authorization_endpoint": f"{ISSUER}/authorize",
                    "token_endpoint": "http://login.example/token",
                    "jwks_uri": f"{ISSUER}/keys",
                }
            ),
        ),
        ("token", JSONResponse({"error": "server_error"}, 503)),
        ("token", JSONResponse({"error": "invalid_client"}, 401)),
        ("token", JSONResponse({"access_token": "only"})),
        ("token", Response(status_code=302, headers={"location": "https://evil.example"})),
        ("keys", JSONResponse({"keys": "none"})),
        ("keys", PlainTextResponse("[" * 100_000)),
    ],
)
async def test_a_provider_that_talks_nonsense_is_down(house: House, what: str, answer: Response) -> None:
    house.provider.answers[what] = answer
    browser = house.office.browser()
    if what == "discovery":
        there = await browser.get("oidc/start")
        assert there.headers["location"] == "/office/?refused=provider"
    else:
        assert await house.sign_in(browser) == "provider"


@pytest.mark.parametrize("token", ["x", "a.b.c", "." * 5, "x" * 20_000, ""])
async def test_a_token_that_is_none_is_refused(house: House, token: str) -> None:
    house.provider.answers["token"] = JSONResponse({"id_token": token})
    assert await house.sign_in() == "sign_in_refused"


async def test_a_secret_goes_in_the_body_where_the_provider_wants_it_so(house: House) -> None:
    house.provider.answers["discovery"] = JSONResponse(
        {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/authorize?tenant=1",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }
    )
    assert await house.sign_in() == "/office/"


async def test_floods_of_starts_and_made_up_answers_are_stopped(house: House) -> None:
    browser = house.office.browser()
    for _ in range(TRIES):
        assert (await browser.get("oidc/start")).status_code == 303
        assert (await browser.get("oidc/callback")).status_code == 303
    assert code_of(await browser.get("oidc/start")) == "too_many_tries"
    assert code_of(await browser.get("oidc/callback")) == "too_many_tries"
    assert len(await house.office.lines()) == TRIES


@pytest.mark.parametrize(
    "issuer",
    [
        "http://login.example",
        "ftp://login.example",
        "login.example",
        "",
        "https://",
        "https://a/#b",
        "http://[",
    ],
)
async def test_an_issuer_that_could_be_anybody_is_no_setting(issuer: str) -> None:
    async with http_client() as http:
        with pytest.raises(ValueError, match="WARDLINE_OIDC_ISSUER"):
            OidcProvider(issuer, CLIENT, SECRET, "sub", "https://hub", http, lambda: 0)
        for good in ("https://login.example/realms/a", "http://127.0.0.1:9000", "http://localhost:1"):
            assert OidcProvider(good, CLIENT, "", "sub", "https://hub", http, lambda: 0).name
        for base in ("", "/", "hub"):
            with pytest.raises(ValueError, match="WARDLINE_PUBLIC_URL"):
                OidcProvider(ISSUER, CLIENT, SECRET, "sub", base, http, lambda: 0)
        with pytest.raises(ValueError, match="WARDLINE_OIDC_CLIENT"):
            OidcProvider(ISSUER, "", SECRET, "sub", "https://hub", http, lambda: 0)
