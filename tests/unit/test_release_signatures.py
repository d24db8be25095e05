"""Signatures of releases: beside them, before the commit, and refused where anything about them is wrong."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from pipelines.release import gc
from pipelines.release.fetch import pull
from pipelines.release.manifest import Manifest
from pipelines.release.signatures import (
    PREDICATE_TYPE,
    SignatureError,
    Signer,
    Verifier,
    _pae,
    require_signature,
    sign,
    signature_key,
    signers,
    statement,
)
from pipelines.release.verify import find_release, load_manifest, verify
from pipelines.resources.folder import FolderStore
from pipelines.resources.keys import read_signer, read_verifier
from pipelines.resources.settings import Settings, SettingsError
from pipelines.resources.workspace import Workspace
from tests.unit.released import Content, judgment, released

CONTENT = Content([judgment("i1", "ana", "yes"), judgment("i1", "bo", "no")])
SIGNER, OTHER = Signer(Ed25519PrivateKey.from_private_bytes(b"1" * 32)), Signer(Ed25519PrivateKey.generate())


class Watched(FolderStore):
    """A folder that remembers in which order objects were created."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.created: list[str] = []

    def put_if_absent(self, key: str, source: Path | bytes, sha256: str | None = None) -> bool:
        self.created.append(key)
        return super().put_if_absent(key, source, sha256)


@pytest.fixture
def store(tmp_path: Path) -> Watched:
    """A store with one release, signed when it was published."""
    store = Watched(tmp_path / "store")
    released(store, CONTENT, tmp_path / "made", signer=SIGNER)
    return store


def manifest_of(store: FolderStore) -> Manifest:
    return load_manifest(store, find_release(store, "d", None))


def place(store: FolderStore, tmp_path: Path, signer: Signer = SIGNER) -> Path:
    """Where a signature of the release lies."""
    manifest = manifest_of(store)
    return tmp_path / "store" / signature_key("d", manifest.folder, signer.verifier.key_id)


def test_a_release_is_signed_before_the_log_names_it(store: Watched, tmp_path: Path) -> None:
    require_signature(store, manifest_of(store), SIGNER.verifier)
    (signed,) = (n for n, key in enumerate(store.created) if "/signatures/" in key)
    (committed,) = (n for n, key in enumerate(store.created) if "/log/" in key)
    uploaded = [n for n, key in enumerate(store.created) if "/releases/" in key]
    assert max(uploaded) < signed < committed


def test_a_signature_changes_nothing_of_the_release(store: Watched, tmp_path: Path) -> None:
    unsigned = FolderStore(tmp_path / "unsigned")
    released(unsigned, CONTENT, tmp_path / "again")
    kept = [key for key in store.keys("d/releases")]
    assert kept == list(unsigned.keys("d/releases"))
    assert [store.read(key) for key in kept] == [unsigned.read(key) for key in kept]
    assert list(unsigned.keys("d/signatures")) == []
    assert verify(store, "d").is_whole


def test_signing_again_makes_the_same_bytes_and_another_key_its_own(store: Watched, tmp_path: Path) -> None:
    held = place(store, tmp_path).read_bytes()
    before = len(list(store.keys("")))
    sign(store, manifest_of(store), SIGNER)
    assert (place(store, tmp_path).read_bytes(), len(list(store.keys("")))) == (held, before)
    sign(store, manifest_of(store), OTHER)
    for signer in (SIGNER, OTHER):
        require_signature(store, manifest_of(store), signer.verifier)
    assert sorted(signers(store, "d", manifest_of(store).folder)) == sorted(
        one.verifier.key_id for one in (SIGNER, OTHER)
    )


def test_what_lies_where_a_signature_should_be_is_not_overwritten(store: Watched, tmp_path: Path) -> None:
    path = place(store, tmp_path, OTHER)
    path.write_bytes(b"another's")
    with pytest.raises(SignatureError, match="is no signature that this key makes; it is not overwritten"):
        sign(store, manifest_of(store), OTHER)
    assert path.read_bytes() == b"another's"


def test_pre_authentication_encoding_is_as_the_specification_has_it() -> None:
    told = _pae("http://example.com/HelloWorld", b"hello world")
    assert told == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


def test_a_statement_is_of_manifest_and_sums(store: Watched) -> None:
    manifest = manifest_of(store)
    said = json.loads(statement(manifest))
    entry = find_release(store, "d", None)
    assert said["_type"] == "https://in-toto.io/Statement/v1"
    assert said["predicateType"] == PREDICATE_TYPE
    assert said["predicate"] == {"dataset": "d", "version": "1.0.0", "folder": entry.folder}
    assert said["subject"][0] == {"name": "manifest.json", "digest": {"sha256": entry.manifest_sha256}}


def changed(fields: dict[str, Any], signer: Signer | None = None, **said: Any) -> dict[str, Any]:
    """An envelope whose statement says something else; signed anew, where there is a signer."""
    payload = {**json.loads(base64.b64decode(fields["payload"])), **said}
    data = json.dumps(payload).encode()
    signature = fields["signatures"][0]
    if signer:
        signature = {"sig": base64.b64encode(signer.key.sign(_pae(fields["payloadType"], data))).decode()}
    return {**fields, "payload": base64.b64encode(data).decode(), "signatures": [signature]}


OF_ANOTHER: dict[str, Any] = {"predicate": {"dataset": "d", "version": "2.0.0", "folder": "2.0.0-0123456789abcdef"}}

WRONG: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "another statement": (lambda it: changed(it, **OF_ANOTHER), "was tampered with"),
    "another signature": (lambda it: {**it, "signatures": [{"sig": "AAAA" * 21 + "AA=="}]}, "was tampered with"),
    "no signature": (lambda it: {**it, "signatures": []}, "was tampered with"),
    "another's signature": (lambda it: changed(it, OTHER), "was tampered with"),
    "another type": (lambda it: {**it, "payloadType": "application/json"}, "was tampered with"),
    "of another release": (lambda it: changed(it, SIGNER, **OF_ANOTHER), "signed something else than release 1.0.0"),
    "of other bytes": (
        lambda it: changed(it, SIGNER, subject=[{"name": "manifest.json", "digest": {"sha256": "0" * 64}}]),
        "signed something else",
    ),
    "of nothing": (lambda it: changed(it, SIGNER, subject=[]), "signed something else"),
    "another kind of statement": (lambda it: changed(it, SIGNER, predicateType="x"), "signed something else"),
    "no predicate": (lambda it: changed(it, SIGNER, predicate=None), "signed something else"),
    "no base64": (lambda it: {**it, "payload": "!"}, "is no DSSE envelope"),
    "no object": (lambda it: ["x"], "is no DSSE envelope"),
    "no payload": (lambda it: {"signatures": it["signatures"]}, "is no DSSE envelope"),
    "signatures of another type": (lambda it: {**it, "signatures": 3}, "is no DSSE envelope"),
    "a signature that is a number": (lambda it: {**it, "signatures": [{"sig": 3}]}, "is no DSSE envelope"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_signature_that_is_not_right_is_refused(store: Watched, tmp_path: Path, wrong: str) -> None:
    change, told = WRONG[wrong]
    path = place(store, tmp_path)
    fields = json.loads(path.read_bytes())
    path.chmod(0o644)
    path.write_text(json.dumps(change(fields)))
    with pytest.raises(SignatureError, match=told):
        require_signature(store, manifest_of(store), SIGNER.verifier)
    audit = verify(store, "d", None, SIGNER.verifier)
    (fault,) = (finding for finding in audit.findings if finding.fault)
    assert told in str(fault.fault)
    assert verify(store, "d").is_whole
    with pytest.raises(SignatureError, match=told):
        pull(store, find_release(store, "d", None), tmp_path / "pulled", verifier=SIGNER.verifier)
    assert not (tmp_path / "pulled").exists()


RIGHT: dict[str, Callable[[dict[str, Any]], Any]] = {
    "as it is": lambda it: it,
    "URL-safe base64": lambda it: {
        **it,
        "payload": it["payload"].replace("+", "-").replace("/", "_"),
        "signatures": [{"sig": it["signatures"][0]["sig"].replace("+", "-").replace("/", "_")}],
    },
    "another signature before it": lambda it: {**it, "signatures": [{"sig": "AAAA"}, *it["signatures"]]},
    "a field that we do not know": lambda it: {**it, "comment": "x"},
    "a statement that says more": lambda it: changed(it, SIGNER, more="x"),
}


@pytest.mark.parametrize("right", RIGHT)
def test_a_signature_is_taken_as_the_specification_allows_it(store: Watched, tmp_path: Path, right: str) -> None:
    path = place(store, tmp_path)
    fields = json.loads(path.read_bytes())
    path.chmod(0o644)
    path.write_text(json.dumps(RIGHT[right](fields)))
    require_signature(store, manifest_of(store), SIGNER.verifier)


def test_a_key_that_did_not_sign_is_told_who_did(store: Watched, tmp_path: Path) -> None:
    wrong, right = OTHER.verifier, SIGNER.verifier
    told = rf"1\.0\.0 of d is not signed by the key {wrong.key_id[:16]}; it says it is signed by {right.key_id[:16]}$"
    with pytest.raises(SignatureError, match=told):
        require_signature(store, manifest_of(store), wrong)
    place(store, tmp_path).unlink()
    with pytest.raises(SignatureError, match="it says it is signed by none"):
        require_signature(store, manifest_of(store), right)


def test_a_tampered_release_is_not_saved_by_its_signature(store: Watched, tmp_path: Path) -> None:
    path = tmp_path / "store" / "d" / "releases" / manifest_of(store).folder / "judgments" / "part-00000.parquet"
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    (fault,) = (one for one in verify(store, "d", None, SIGNER.verifier).findings if one.fault)
    assert fault.path.endswith("judgments/part-00000.parquet")


def test_signatures_of_what_was_never_committed_are_garbage(store: Watched, tmp_path: Path) -> None:
    class Dies(FolderStore):
        def put_if_absent(self, key: str, source: Path | bytes, sha256: str | None = None) -> bool:
            if "/log/" in key:
                raise KeyboardInterrupt
            return super().put_if_absent(key, source, sha256)

    more = Content([*CONTENT.judgments, judgment("i2", "ana", "no")])
    with pytest.raises(KeyboardInterrupt):
        released(Dies(tmp_path / "store"), more, tmp_path / "made", signer=SIGNER)
    assert len(list(store.keys("d/signatures"))) == 2
    assert all(one.is_deleted for one in gc.collect(store, "d", delete=True, age=timedelta(days=-1)))
    assert len(list(store.keys("d/signatures"))) == 1
    assert verify(store, "d", None, SIGNER.verifier).is_whole


def test_a_run_that_cannot_sign_publishes_nothing(store: Watched, tmp_path: Path) -> None:
    class Taken(FolderStore):
        def put_if_absent(self, key: str, source: Path | bytes, sha256: str | None = None) -> bool:
            if "/signatures/" in key:
                return super().put_if_absent(key, b"another's")
            return super().put_if_absent(key, source, sha256)

    with pytest.raises(SignatureError, match="is no signature that this key makes"):
        released(Taken(tmp_path / "taken"), CONTENT, tmp_path / "made", signer=SIGNER)
    assert list(FolderStore(tmp_path / "taken").keys("d/log")) == []


# Keys in files


def pem(key: Any, encryption: KeySerializationEncryption | None = None) -> bytes:
    data: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())
    return data


PUBLIC = SIGNER.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def kept(path: Path, data: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(data)
    path.chmod(mode)
    return path


def test_keys_are_read_from_files_and_never_show_themselves(tmp_path: Path) -> None:
    settings = Settings(
        home=tmp_path,
        signing_key_file=kept(tmp_path / "signing.pem", pem(SIGNER.key)),
        trusted_key_file=kept(tmp_path / "signing.pub.pem", PUBLIC, 0o644),
    )
    space = Workspace(settings)
    assert space.signer is not None
    verifier = space.verifier()
    assert isinstance(verifier, Verifier)
    assert verifier.key_id == space.signer.verifier.key_id == SIGNER.verifier.key_id
    assert (repr(space.signer), repr(verifier)) == ("Signer()", "Verifier()")
    unset = Workspace(Settings(home=tmp_path))
    assert (unset.signer, unset.verifier()) == (None, None)


def test_a_private_key_that_cannot_be_used_is_told_plainly(tmp_path: Path) -> None:
    path = tmp_path / "signing.pem"
    encrypted = pem(SIGNER.key, BestAvailableEncryption(b"x"))
    for data, mode, told in (
        (pem(SIGNER.key), 0o644, "others can read it; run: chmod 600"),
        (encrypted, 0o600, "is under a passphrase"),
        (pem(generate_private_key(65537, 2048)), 0o600, "holds no private Ed25519 key in PEM"),
        (PUBLIC, 0o600, "holds no private Ed25519 key in PEM; make one with: openssl genpkey"),
        (b"no key", 0o600, "holds no private Ed25519 key in PEM"),
    ):
        with pytest.raises(SettingsError, match=told) as raised:
            read_signer(kept(path, data, mode))
        assert str(raised.value).startswith(f"signing key file {path}: ")
        assert data.decode().splitlines()[-1] not in str(raised.value)
    with pytest.raises(SettingsError, match="cannot be read"):
        read_signer(tmp_path / "absent")


def test_a_public_key_that_cannot_be_used_is_told_plainly(tmp_path: Path) -> None:
    rsa = generate_private_key(65537, 2048).public_key()
    for data in (
        pem(SIGNER.key),
        b"no key",
        rsa.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    ):
        with pytest.raises(SettingsError, match="holds no public Ed25519 key in PEM; make it with: openssl pkey"):
            read_verifier(kept(tmp_path / "key", data))
    with pytest.raises(SettingsError, match="cannot be read"):
        read_verifier(tmp_path / "absent")
