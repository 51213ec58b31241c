"""`ward-hub certs` as a person uses it, and the address `ward-hub enrol` takes from the hub."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest
from ward_hub.cli import certs, enrol
from ward_hub.tls.folder import CertificateFolder
from ward_hub.tls.from_settings import store_address


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    certs.add_arguments(parser)
    return certs.run(parser.parse_args(arguments))


def test_made_shown_renewed_and_exported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = ("--data", str(tmp_path))
    assert run(*data, "--name", "ward.example", "--name", "10.1.2.3") == 0
    assert "for ward.example, 10.1.2.3" in capsys.readouterr().out
    authority = CertificateFolder(tmp_path).authority.read_bytes()
    assert run(*data, "--name", "other.example") == 1
    assert "nothing was written" in capsys.readouterr().err
    assert run(*data, "--show") == 0
    assert "824 days" in capsys.readouterr().out.replace("823 days", "824 days")
    assert run(*data, "--renew", "--name", "new.example") == 0
    assert CertificateFolder(tmp_path).authority.read_bytes() == authority
    assert run(*data, "--export", str(tmp_path / "out")) == 0
    assert (tmp_path / "out" / "wardline-ca.cer").is_file()


@pytest.mark.parametrize("arguments", [("--show",), ("--renew",), ("--export", "out"), ("--name", "no name")])
def test_what_cannot_be_done_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    assert run("--data", str(tmp_path), *arguments) == 1
    assert capsys.readouterr().err.startswith("ward-hub certs: ")


def test_enrol_names_the_address_of_the_running_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parser = argparse.ArgumentParser()
    enrol.add_arguments(parser)
    args = parser.parse_args(["bed-b01", "--data", str(tmp_path)])
    monkeypatch.delenv("WARDLINE_PUBLIC_URL", raising=False)
    assert enrol.hub_base(args) == enrol.DEFAULT_BASE
    store_address(tmp_path, "https://ward.example:8443")
    assert enrol.hub_base(args) == "https://ward.example:8443"
    monkeypatch.setenv("WARDLINE_PUBLIC_URL", "https://public.example")
    assert enrol.hub_base(args) == "https://public.example"
