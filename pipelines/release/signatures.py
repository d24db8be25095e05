"""Signatures of releases: whoever signed says that these bytes are this version of this dataset, not that it is latest.

What is signed is an in-toto Statement (v1) over the manifest and the sums, in an envelope of DSSE (v1), by Ed25519. It
lies beside the release and never changes it, in a place that follows from the key: ``<dataset>/signatures/<folder>/``
and the key's id. Ed25519 is deterministic, so the same key makes the same bytes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipelines.release.manifest import MANIFEST, SUMS, Manifest, listed, sums_text
from pipelines.release.store import ObjectStore, create

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:variorum:release:v1"
"""What a statement says: ``docs/signing.md`` documents it."""


class SignatureError(RuntimeError):
    """A release is not signed as it must be; the message says by which key, and what is wrong."""


@dataclass(frozen=True)
class Verifier:
    """The public key of somebody who signs."""

    key: Ed25519PublicKey = field(repr=False)

    @property
    def key_id(self) -> str:
        """sha256 of the key's SubjectPublicKeyInfo (RFC 8410, DER), in hex."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        return hashlib.sha256(self.key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()

    def holds(self, signature: bytes, message: bytes) -> bool:
        """Whether the signature of a message is this key's."""
        from cryptography.exceptions import InvalidSignature

        try:
            self.key.verify(signature, message)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class Signer:
    """The private key of somebody who signs. It never shows itself."""

    key: Ed25519PrivateKey = field(repr=False)

    @property
    def verifier(self) -> Verifier:
        """Its public key."""
        return Verifier(self.key.public_key())


def signature_key(dataset: str, folder: str, key_id: str) -> str:
    """Where the signature of a release by a key lies."""
    return f"{_signatures(dataset, folder)}/{key_id}.json"


def sign(store: ObjectStore, manifest: Manifest, signer: Signer) -> str:
    """Sign a release, unless the key has already; returns where the signature lies.

    Raises:
        SignatureError: something else lies there; it is not overwritten.
        StoreError: the store cannot be written.
    """
    where = signature_key(manifest.dataset, manifest.folder, signer.verifier.key_id)
    envelope = _envelope(manifest, signer)
    if create(store, where, envelope) != hashlib.sha256(envelope).hexdigest():
        raise SignatureError(f"{where} in {store.uri} is no signature that this key makes; it is not overwritten")
    return where


def signers(store: ObjectStore, dataset: str, folder: str) -> list[str]:
    """The ids of the keys by which a release says it is signed; whether it is, ``require_signature`` says."""
    return [key.rpartition("/")[2].removesuffix(".json") for key in store.keys(_signatures(dataset, folder))]


def require_signature(store: ObjectStore, manifest: Manifest, verifier: Verifier) -> None:
    """Refuse a release that a key did not sign.

    ``manifest`` is the release's, as ``load_manifest`` gives it.

    Raises:
        SignatureError: there is no signature by that key, it is not that key's, or it is of something else.
    """
    where = signature_key(manifest.dataset, manifest.folder, verifier.key_id)
    what = f"release {manifest.version} of {manifest.dataset}"
    data = store.read(where)
    if data is None:
        others = ", ".join(one[:16] for one in signers(store, manifest.dataset, manifest.folder))
        raise SignatureError(
            f"{what} is not signed by the key {verifier.key_id[:16]}; it says it is signed by {others or 'none'}"
        )
    try:
        payload_type, payload, signatures = _opened(data)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise SignatureError(f"the signature of {what} is damaged: {where} is no DSSE envelope") from None
    if not any(verifier.holds(one, _pae(payload_type, payload)) for one in signatures):
        raise SignatureError(
            f"the signature of {what} is not one by the key {verifier.key_id[:16]}: {where} was tampered with"
        )
    if payload_type != PAYLOAD_TYPE or not _says(payload, manifest):
        raise SignatureError(f"the key {verifier.key_id[:16]} signed something else than {what}: look at {where}")


def statement(manifest: Manifest) -> bytes:
    """The in-toto Statement of a release."""
    return json.dumps(_statement(manifest), sort_keys=True, separators=(",", ":")).encode()


def _statement(manifest: Manifest) -> dict[str, Any]:
    sums = hashlib.sha256(sums_text(listed(manifest))).hexdigest()
    return {
        "_type": STATEMENT_TYPE,
        "subject": [
            {"name": MANIFEST, "digest": {"sha256": manifest.sha256}},
            {"name": SUMS, "digest": {"sha256": sums}},
        ],
        "predicateType": PREDICATE_TYPE,
        "predicate": {"dataset": manifest.dataset, "version": manifest.version, "folder": manifest.folder},
    }


def _says(payload: bytes, manifest: Manifest) -> bool:
    """Whether a statement that was signed is of this release; what it says beside that is let through."""
    try:
        said = json.loads(payload)
        digests = {one["name"]: one["digest"]["sha256"] for one in said["subject"]}
        predicate = said["predicate"]
    except (ValueError, KeyError, TypeError):
        return False
    wanted = _statement(manifest)
    return (
        (said.get("_type"), said.get("predicateType")) == (STATEMENT_TYPE, PREDICATE_TYPE)
        and digests == {one["name"]: one["digest"]["sha256"] for one in wanted["subject"]}
        and isinstance(predicate, dict)
        and wanted["predicate"].items() <= predicate.items()
    )


def _envelope(manifest: Manifest, signer: Signer) -> bytes:
    payload = statement(manifest)
    signature = signer.key.sign(_pae(PAYLOAD_TYPE, payload))
    fields = {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [{"keyid": signer.verifier.key_id, "sig": base64.b64encode(signature).decode()}],
    }
    return (json.dumps(fields, indent=2, sort_keys=True) + "\n").encode()


def _opened(data: bytes) -> tuple[str, bytes, list[bytes]]:
    """An envelope's payload type, payload and signatures."""
    envelope = json.loads(data)
    signatures = [_decoded(one["sig"]) for one in envelope["signatures"]]
    return str(envelope["payloadType"]), _decoded(envelope["payload"]), signatures


def _decoded(text: str) -> bytes:
    """Bytes in base64, the standard alphabet or that of URLs: DSSE asks verifiers to take both."""
    try:
        return base64.b64decode(text.translate(str.maketrans("-_", "+/")), validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None


def _pae(payload_type: str, payload: bytes) -> bytes:
    """What is signed: the pre-authentication encoding of DSSE v1."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def _signatures(dataset: str, folder: str) -> str:
    return f"{dataset}/signatures/{folder}"
