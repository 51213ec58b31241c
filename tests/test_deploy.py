"""The container files name what exists: settings, paths, files, services. No container is started here."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from sqlalchemy import make_url
from ward_hub.edge.health_api import health_routes
from ward_hub.log.couch.client import parse_address
from ward_hub.settings import Settings
from ward_hub.watching.health import Health

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
VARIABLE = re.compile(r"\$\{(\w+)(?::\?[^}]*)?\}")


def text(name: str) -> str:
    return (DEPLOY / name).read_text("utf-8")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded = yaml.safe_load(text("compose.yaml"))
    assert isinstance(loaded, dict)
    return loaded


def services(compose: dict[str, Any]) -> dict[str, Any]:
    return dict(compose["services"])


@pytest.mark.parametrize("name", ["compose.yaml", "Dockerfile"])
def test_every_setting_that_is_named_exists(name: str) -> None:
    named = set(re.findall(r"\bWARDLINE_[A-Z0-9_]+", text(name)))
    known = {f"WARDLINE_{field.name.upper()}" for field in fields(Settings)}
    assert named
    assert named <= known


@pytest.mark.parametrize("name", ["Dockerfile", "Caddyfile"])
def test_the_health_paths_exist(name: str) -> None:
    named = set(re.findall(r"/health/\w+", text(name)))
    assert named
    assert named <= {route.path for route in health_routes(Health({}))}


def test_the_hubs_addresses_can_be_read(compose: dict[str, Any]) -> None:
    for name in ("hub-a", "hub-b"):
        given = {
            key.removeprefix("WARDLINE_").lower(): VARIABLE.sub("value", value)
            for key, value in services(compose)[name]["environment"].items()
        }
        parse_address(given["store"].removeprefix("couchdb:"))
        assert make_url(given["sql"]).get_backend_name() == "postgresql"
        assert given["public_url"] in given["hubs"].split()


def test_what_is_asked_of_the_person_is_in_the_example_and_no_secret_is(compose: dict[str, Any]) -> None:
    example = dict(re.findall(r"^(\w+)=(.*)$", text("example.env"), re.MULTILINE))
    assert set(VARIABLE.findall(text("compose.yaml"))) == set(example)
    assert set(example.values()) == {""}
    for service in services(compose).values():
        for key, value in service.get("environment", {}).items():
            assert "PASSWORD" not in key or VARIABLE.fullmatch(value), key


def test_files_that_are_mounted_or_copied_are_there(compose: dict[str, Any]) -> None:
    volumes = [volume for service in services(compose).values() for volume in service.get("volumes", ())]
    sources = {volume.split(":")[0] for volume in volumes}
    mounted = {source for source in sources if source.startswith("./")}
    assert {source for source in mounted if not (DEPLOY / source).is_file()} == set()
    assert sources - mounted == set(compose["volumes"])
    sent = set(re.findall(r"^!(\S+)$", text("Dockerfile.dockerignore"), re.MULTILINE))
    copied = [
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", text("Dockerfile"), re.MULTILINE)
        for source in line.split()[:-1]
    ]
    assert {source for source in copied if not (ROOT / source).exists()} == set()
    assert {source.split("/")[0] for source in copied} == sent


def test_services_lead_to_each_other(compose: dict[str, Any]) -> None:
    known = services(compose)
    assert set(re.findall(r"\b(hub-\w+):8080", text("Caddyfile"))) == {"hub-a", "hub-b"} <= known.keys()
    for service in known.values():
        assert set(service.get("depends_on", ())) <= known.keys()
    proxy = known["proxy"]["networks"]["inside"]["ipv4_address"]
    assert known["hub-a"]["environment"]["WARDLINE_PROXIES"] == proxy


def test_images_have_a_version(compose: dict[str, Any]) -> None:
    images = {service["image"] for service in services(compose).values()} - {"wardline-hub"}
    images |= set(re.findall(r"^FROM (\S+)", text("Dockerfile"), re.MULTILINE))
    assert {image for image in images if not re.search(r":\d", image)} == set()
