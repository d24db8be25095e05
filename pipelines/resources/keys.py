"""Files that hold keys: read with care, and told of by their path alone."""

from __future__ import annotations

from pathlib import Path

from pipelines.release.signatures import Signer, Verifier
from pipelines.resources.settings import SettingsError

_MAKE = "openssl genpkey -algorithm ed25519 -out signing.pem"
_PUBLISH = "openssl pkey -in signing.pem -pubout -out signing.pub.pem"


def read_private(path: Path, what: str) -> bytes:
    """The bytes of a file that only its owner may read.

    Raises:
        SettingsError: it cannot be read, or others can read it, too.
    """
    try:
        mode = path.stat().st_mode & 0o077
        data = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"{what} {path}: cannot be read ({type(error).__name__})") from None
    if mode:
        raise SettingsError(f"{what} {path}: others can read it; run: chmod 600 {path}")
    return data


def read_signer(path: Path) -> Signer:
    """The private key that a PEM file holds.

    Raises:
        SettingsError: it cannot be read, others can read it, or it holds no Ed25519 key, or one under a passphrase.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    data = read_private(path, "signing key file")
    try:
        key = load_pem_private_key(data, None)
    except TypeError:
        raise SettingsError(f"signing key file {path}: is under a passphrase; give the key without one") from None
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise SettingsError(f"signing key file {path}: holds no private Ed25519 key in PEM; make one with: {_MAKE}")
    return Signer(key)


def read_verifier(path: Path) -> Verifier:
    """The public key that a PEM file holds.

    Raises:
        SettingsError: it cannot be read, or holds no public Ed25519 key.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(path.read_bytes())
    except OSError as error:
        raise SettingsError(f"public key file {path}: cannot be read ({type(error).__name__})") from None
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise SettingsError(f"public key file {path}: holds no public Ed25519 key in PEM; make it with: {_PUBLISH}")
    return Verifier(key)
