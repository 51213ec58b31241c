"""Zips that are and are not a release of the app (DEV-07): nothing leaves its folder, nothing odd is kept."""

from __future__ import annotations

import io
import json
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest
from ward_hub.fleet import release_zip
from ward_hub.fleet.release_zip import BadRelease, Build, read_build, unpack

from tests.backend.fleet.apps import BASE, NEW, app_files, write_app, zip_of
from tests.backend.fleet.apps import release_zip as good_zip


def packed(folder: Path, data: bytes) -> tuple[Path, Path]:
    path, target = folder / "release.zip", folder / "in" / "app"
    path.write_bytes(data)
    target.mkdir(parents=True)
    return path, target


def files_outside(folder: Path) -> list[str]:
    """What lies beside the place to unpack to."""
    inside = folder / "in" / "app"
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if inside != path and inside not in path.parents and path.is_file()
    )


def with_entry(info: zipfile.ZipInfo, content: bytes = b"x", **files: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, one in app_files(NEW).items():
            archive.writestr(name, one)
        archive.writestr(info, content)
    return data.getvalue()


def entry(name: str, mode: int = 0) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def test_a_release_is_unpacked_and_names_itself(tmp_path: Path) -> None:
    path, target = packed(tmp_path, good_zip())
    assert unpack(path, target) == Build(NEW, "1.2.0")
    found = {str(one.relative_to(target)): one.read_bytes() for one in target.rglob("*") if one.is_file()}
    assert found == app_files(NEW)


def test_folders_of_a_zip_are_no_harm(tmp_path: Path) -> None:
    path, target = packed(tmp_path, with_entry(entry("assets/icons/", stat.S_IFDIR | 0o755), b""))
    assert unpack(path, target).build == NEW


@pytest.mark.parametrize(
    "name",
    [
        "../evil.js",
        "assets/../../evil.js",
        "assets/../sw.js",
        "/etc/cron.d/evil",
        "C:\\evil.js",
        "assets\\evil.js",
        "assets//evil.js",
        "assets/./evil.js",
        "assets/.hidden.js",
        "assets/evil",
        "assets/evil.php",
        "assets/evil.html",
        "evil.js",
        "index.html",
        "fixture.html",
        "app/sw.js",
        "assets/a/b/c/d/e.js",
        "assets/evil.js\n",
        "assets/名.js",
        "assets/" + "a" * 200 + ".js",
        "folder/",
        "../",
    ],
)
def test_a_name_that_no_build_makes_is_refused(tmp_path: Path, name: str) -> None:
    path, target = packed(tmp_path, with_entry(entry(name)))
    with pytest.raises(BadRelease):
        unpack(path, target)
    assert files_outside(tmp_path) == ["release.zip"]


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK, stat.S_IFDIR])
def test_links_and_other_odd_files_are_refused(tmp_path: Path, kind: int) -> None:
    path, target = packed(tmp_path, with_entry(entry("assets/link.js", kind | 0o777), b"/etc/passwd"))
    with pytest.raises(BadRelease, match="no plain file"):
        unpack(path, target)


def test_the_same_file_twice_is_refused_also_in_other_letters(tmp_path: Path) -> None:
    path, target = packed(tmp_path, with_entry(entry("assets/icons/ICON-192.png")))
    with pytest.raises(BadRelease, match="twice"):
        unpack(path, target)


def test_a_bomb_is_refused_by_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release_zip, "MAX_UNPACKED_BYTES", 100_000)
    path, target = packed(tmp_path, with_entry(entry("assets/bomb.js"), b"\0" * 200_000))
    assert path.stat().st_size < 10_000
    with pytest.raises(BadRelease, match="100000 bytes unpacked"):
        unpack(path, target)
    assert list(target.iterdir()) == []


def test_a_bomb_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    """The head says 1 byte, the data holds 5 MB."""
    data = bytearray(with_entry(entry("assets/bomb.js"), b"\0" * 5_000_000))
    real, lie = (5_000_000).to_bytes(4, "little"), (1).to_bytes(4, "little")
    path, target = packed(tmp_path, bytes(data).replace(real, lie))
    with pytest.raises(BadRelease):
        unpack(path, target)
    assert sum(one.stat().st_size for one in target.rglob("*") if one.is_file()) < 10_000


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release_zip, "MAX_FILES", 5)
    path, target = packed(tmp_path, good_zip())
    with pytest.raises(BadRelease, match="at most 5 files"):
        unpack(path, target)


def test_an_encrypted_or_oddly_packed_entry_is_refused(tmp_path: Path) -> None:
    encrypted = entry("assets/secret.js")
    data = bytearray(with_entry(encrypted))
    at = data.rindex(b"PK\x01\x02", 0, data.rindex(b"assets/secret.js"))
    data[at + 8] |= 1
    path, target = packed(tmp_path, bytes(data))
    with pytest.raises(BadRelease, match="encrypted"):
        unpack(path, target)
    squeezed = entry("assets/odd.js")
    squeezed.compress_type = zipfile.ZIP_BZIP2
    (tmp_path / "other").mkdir()
    path, target = packed(tmp_path / "other", with_entry(squeezed))
    with pytest.raises(BadRelease, match="packed in a way"):
        unpack(path, target)


@pytest.mark.parametrize("data", [b"", b"PK", b"<html>", good_zip()[:-30], good_zip()[30:]])
def test_what_is_no_zip_is_refused(tmp_path: Path, data: bytes) -> None:
    path, target = packed(tmp_path, data)
    with pytest.raises(BadRelease):
        unpack(path, target)


def test_a_zip_with_broken_content_is_refused(tmp_path: Path) -> None:
    whole = bytearray(good_zip())
    at = whole.index(b"sw.js") + len("sw.js")
    whole[at + 4 : at + 24] = b"\xff" * 20
    path, target = packed(tmp_path, bytes(whole))
    with pytest.raises(BadRelease):
        unpack(path, target)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("build.json", None),
        ("sw.js", None),
        ("manifest.json", None),
        ("bedside.html", None),
        ("build.json", b"[]"),
        ("build.json", b"\xff"),
        ("build.json", json.dumps({"build": BASE, "version": "1"}).encode()),
        ("build.json", json.dumps({"build": "../../x", "version": "1"}).encode()),
        ("build.json", json.dumps({"build": NEW, "version": "1", "more": 1}).encode()),
        ("build.json", json.dumps({"build": NEW, "version": "<b>"}).encode()),
        ("build.json", json.dumps({"build": NEW, "version": "1" * 40}).encode()),
        ("build.json", b"[" * 100_000),
        ("manifest.json", b"1"),
        ("manifest.json", b"{"),
        ("sw.js", b"no hash"),
        ("sw.js", f'"{NEW}" "/assets/gone.js"'.encode()),
        ("sw.js", f'"{NEW}" "/assets/../build.json"'.encode()),
        ("sw.js", b"\xff"),
        ("door.html", b"<html></html>"),
        ("door.html", f'<meta name="wardline-build" content="{BASE}" />'.encode()),
        (
            "door.html",
            f'<meta name="wardline-build" content="{NEW}" /><script src="/assets/gone.js">'.encode(),
        ),
    ],
)
def test_a_release_that_is_not_whole_or_not_one_build_is_refused(
    tmp_path: Path, name: str, content: bytes | None
) -> None:
    files: dict[str, Any] = app_files(NEW) | {name: content}
    path, target = packed(tmp_path, zip_of({key: one for key, one in files.items() if one is not None}))
    with pytest.raises(BadRelease):
        unpack(path, target)


def test_an_app_of_before_build_json_is_known_by_its_worker(tmp_path: Path) -> None:
    write_app(tmp_path, BASE)
    assert read_build(tmp_path) == Build(BASE, "1.2.0")
    (tmp_path / "build.json").unlink()
    assert read_build(tmp_path) == Build(BASE, "")
    (tmp_path / "sw.js").write_text("// made by hand")
    by_content = read_build(tmp_path)
    (tmp_path / "sw.js").write_text("// made by hand, again")
    assert len(by_content.build) == 16
    assert read_build(tmp_path) != by_content
