"""The set-up of a fresh machine, in its order.

Python packages come from locks with hashes; Node comes from a Python package where the machine has none, or
one too old for the build. Nothing needs root, except a browser for the tests where none is installed.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from browser import BROWSER
from failure import Failure
from places import PEER_SERVERS, PWA, ROOT, STAMPS, STAND_IN_SERVER, VENV, environment
from postgresql import POSTGRESQL
from stamps import Step

# What Vite 8 and Vitest 5 ask for (pwa/package.json "engines").
NODE_AT_LEAST = (22, 12)
PIP_INSTALL = (str(VENV / "bin" / "python"), "-m", "pip", "install", "--quiet")


def for_tasks(command: str) -> tuple[Step, ...]:
    """The steps for checks and tests: set-up, developer's packages, browsers and servers where used."""
    more = {
        "test": (STAND_IN, POSTGRESQL, BROWSER),
        "e2e": (STAND_IN, BROWSER),
        "load": (STAND_IN, PEERS),
    }
    return (*INSTALL, DEVELOPER, *more.get(command, ()))


def command(title: str, arguments: Sequence[str | Path], *, folder: Path = ROOT, hint: str = "") -> None:
    """Run a program quietly, its output kept in .stamps/; raises Failure with its last lines shown before."""
    log = STAMPS / f"{log_name(title)}.log"
    with log.open("wb") as output:
        try:
            status = subprocess.run(
                [str(part) for part in arguments], cwd=folder, env=environment(), stdout=output, stderr=output
            ).returncode
        except OSError as error:
            raise Failure(f"{title} failed: {error}") from error
    if status:
        print("\n".join(log.read_text(errors="replace").splitlines()[-25:]), file=sys.stderr)
        raise Failure(
            f"{title} failed with status {status}; all its output: {log.relative_to(ROOT)}. {hint}".rstrip()
        )


def log_name(title: str) -> str:
    """A file name made of a title."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def make_venv() -> None:
    """Make .venv anew with the interpreter this runs on."""
    shutil.rmtree(VENV, ignore_errors=True)
    command(
        "Python environment",
        (sys.executable, "-m", "venv", VENV),
        hint="On Debian and Ubuntu: apt install python3-venv",
    )


def install_packages(lock: str) -> None:
    """Install exactly what a lock names; pip compares every file with its hash."""
    command(
        f"Python packages of {lock}",
        (*PIP_INSTALL, "--require-hashes", "-r", lock),
        hint="Is there a network?",
    )


def machine_node() -> str:
    """Version of the machine's own Node when it is new enough and has npm, else ''."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm or Path(node).is_relative_to(VENV):
        return ""
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    found = re.fullmatch(r"v(\d+)\.(\d+)\..*", answer)
    if found is None or (int(found[1]), int(found[2])) < NODE_AT_LEAST:
        return ""
    return answer


def install_node() -> None:
    """Put Node into .venv where the machine's own does not serve."""
    if not machine_node():
        install_packages("requirements-node.lock")


def has_node() -> bool:
    return bool(machine_node()) or (VENV / "bin" / "node").exists()


def install_modules(title: str, folder: Path, *more: str) -> None:
    """Exactly the packages of the folder's package-lock.json."""
    retries = ("--fetch-retries=2", "--fetch-retry-mintimeout=2000", "--fetch-retry-maxtimeout=10000")
    arguments = ("npm", "ci", "--no-audit", "--no-fund", *retries, *more)
    command(title, arguments, folder=folder, hint="Is there a network?")


def install_peers() -> None:
    """The servers that the benchmarks run beside the hub. One of them builds a part in C++, which may fail:
    then it is not measured, and the others are."""
    try:
        install_modules("npm ci of the peers", PEER_SERVERS)
    except Failure as failure:
        print(f"set-up: {failure} What needs it is not measured.", file=sys.stderr)
        try:
            install_modules("npm ci of the peers, unbuilt", PEER_SERVERS, "--ignore-scripts")
        except Failure as again:
            print(f"set-up: {again} The peers are not measured.", file=sys.stderr)


def build_app() -> None:
    """Build the app the hub serves into pwa/dist."""
    command("build of the app", ("npm", "run", "build"), folder=PWA)


def install_project() -> None:
    """The `ward-hub` command, running from this folder's sources."""
    command("install of ward-hub", (*PIP_INSTALL, "--no-deps", "--no-build-isolation", "-e", "."))


def interpreter() -> str:
    # A venv holds absolute paths: a moved or copied folder needs a new one.
    return f"{sys.version}\n{sys.base_prefix}\n{ROOT}"


INSTALL: tuple[Step, ...] = (
    Step(
        "venv",
        "Python environment",
        make_venv,
        fingerprint=interpreter,
        done=lambda: (VENV / "bin" / "python").exists(),
    ),
    Step(
        "packages",
        "Python packages",
        lambda: install_packages("requirements.lock"),
        inputs=("requirements.lock",),
        after=("venv",),
    ),
    Step(
        "node",
        "Node",
        install_node,
        inputs=("requirements-node.lock",),
        fingerprint=machine_node,
        done=has_node,
        after=("venv",),
    ),
    Step(
        "modules",
        "packages of the app",
        lambda: install_modules("npm ci", PWA),
        inputs=("pwa/package.json", "pwa/package-lock.json", "pwa/.npmrc"),
        done=lambda: (PWA / "node_modules" / ".bin").is_dir(),
        after=("node",),
    ),
    Step(
        "app",
        "build of the app",
        build_app,
        inputs=("pwa/src", "pwa/public", "pwa/*.html", "pwa/*.ts", "pwa/*.js", "pwa/*.json", "sync/vectors"),
        done=lambda: (PWA / "dist").is_dir(),
        after=("modules",),
    ),
    Step(
        "project",
        "ward-hub",
        install_project,
        inputs=("pyproject.toml",),
        done=lambda: (VENV / "bin" / "ward-hub").exists(),
        after=("packages",),
    ),
)

DEVELOPER = Step(
    "developer",
    "Python packages for checks and tests",
    lambda: install_packages("requirements-dev.lock"),
    inputs=("requirements-dev.lock",),
    done=lambda: (VENV / "bin" / "pytest").exists(),
    after=("packages",),
)

STAND_IN = Step(
    "stand-in",
    "server in CouchDB's stead for the tests",
    # It needs none of its packages' scripts: what is compiled comes ready made.
    lambda: install_modules("npm ci of the stand-in", STAND_IN_SERVER, "--ignore-scripts"),
    inputs=tuple(
        f"tests/couchdb_stand_in/{name}" for name in ("package.json", "package-lock.json", ".npmrc")
    ),
    done=lambda: (STAND_IN_SERVER / "node_modules" / ".bin").is_dir(),
    after=("node",),
)

PEERS = Step(
    "peers",
    "servers to be measured beside the hub",
    install_peers,
    inputs=tuple(f"loadtests/peers/{name}" for name in ("package.json", "package-lock.json", ".npmrc")),
    done=lambda: (PEER_SERVERS / "node_modules").is_dir(),
    after=("node",),
)
