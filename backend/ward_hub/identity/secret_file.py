"""Secrets of the data folder: made at the first call, for their owner alone, one for all processes."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec


def load_secret_file(path: Path, make: Callable[[], bytes]) -> bytes:
    """Return what the file holds; where there is none, what `make` returns is written first (mode 0600).

    Raises PermissionError when others may read it.
    """
    if not path.exists():
        fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(make())
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(fresh, path)  # whole or not at all, and never over another process's secret
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise PermissionError(f"{path} must be readable by its owner only: chmod 600")
    return path.read_bytes()


def load_key_file(path: Path) -> ec.EllipticCurvePrivateKey:
    """Return the P-256 key of the file (PEM, PKCS #8), made at the first call.

    Raises PermissionError when others may read it, ValueError when it is no such key.
    """
    # Imported where keys are: the bare hub has a secret file and no key, and OpenSSL costs it 5 MiB.
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    pem = load_secret_file(path, _make_key)
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path}: expected a private key in PEM") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError(f"{path}: expected a P-256 key")
    return key


def raw_point(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The public key as WebCrypto gives it: the uncompressed point, 65 bytes."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _make_key() -> bytes:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
