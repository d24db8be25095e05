"""gzip, zip and tar: whole or refused, at every byte; and everything that an archive may not be."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import stat
import tarfile
import warnings
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from pipelines.domain.vocabulary import Reason
from pipelines.readers.containers import Limits, open_members
from pipelines.readers.records import FileRefusedError

MEMBERS = {"a.csv": b"item,who\n1,ana\n", "sub/b.csv": b"item,who\n" + b"2,bob\n" * 300}
SMALL = Limits(members=3)


def packed_zip(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of these members."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return data.getvalue()


def packed_tar(members: dict[str, bytes]) -> bytes:
    """A bare tar of these members, a folder among them."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        folder = tarfile.TarInfo("sub")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return data.getvalue()


def packed_gzip(members: dict[str, bytes]) -> bytes:
    """The second member, gzipped."""
    return gzip.compress(members["sub/b.csv"], mtime=0)


PACKERS: dict[str, tuple[str, Callable[[dict[str, bytes]], bytes]]] = {
    "gzip": ("gzip", packed_gzip),
    "zip": ("zip", packed_zip),
    "stored zip": ("zip", lambda members: packed_zip(members, zipfile.ZIP_STORED)),
    "tar": ("tar", packed_tar),
    "tar.gz": ("tar", lambda members: gzip.compress(packed_tar(members), mtime=0)),
    "tar.bz2": ("tar", lambda members: bz2.compress(packed_tar(members))),
    "tar.xz": ("tar", lambda members: lzma.compress(packed_tar(members))),
}


def unpacked(path: Path, within: str, pattern: str = "*", limits: Limits | None = None) -> dict[str, bytes]:
    """Every member that matches, read to its end."""
    with closing(open_members(path, within, pattern, limits or Limits())) as members:
        return {member.name: member.stream.read() for member in members}


def refusal(path: Path, within: str, pattern: str = "*", limits: Limits | None = None) -> str:
    """What is said of a file that is refused."""
    with pytest.raises(FileRefusedError) as caught:
        unpacked(path, within, pattern, limits)
    assert caught.value.reason == Reason.FILE_MALFORMED
    return caught.value.message


def written(tmp_path: Path, data: bytes) -> Path:
    """A file of these bytes."""
    path = tmp_path / "packed"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("packing", PACKERS)
def test_members_are_read_as_they_were_packed(tmp_path: Path, packing: str) -> None:
    within, pack = PACKERS[packing]
    found = unpacked(written(tmp_path, pack(MEMBERS)), within)
    assert found == ({"": MEMBERS["sub/b.csv"]} if within == "gzip" else MEMBERS)


@pytest.mark.parametrize("packing", PACKERS)
def test_a_file_cut_at_any_byte_is_refused_or_whole_never_a_part(tmp_path: Path, packing: str) -> None:
    within, pack = PACKERS[packing]
    data = pack({name: content[:40] for name, content in MEMBERS.items()})
    whole = unpacked(written(tmp_path, data), within)
    refused = 0
    if packing == "tar":
        data = data.rstrip(b"\0") + b"\0" * 1500
    for cut in range(1, len(data)):
        try:
            assert unpacked(written(tmp_path, data[:cut]), within) == whole
        except FileRefusedError:
            refused += 1
    assert refused >= 0.7 * len(data)  # a bare tar ends with zeros, of which not all are needed


@pytest.mark.parametrize("packing", [name for name in PACKERS if name != "tar"])
def test_a_flipped_byte_is_refused_or_changes_nothing(tmp_path: Path, packing: str) -> None:
    """But for a bare tar, all of these carry a checksum of what they hold; names are not content."""
    within, pack = PACKERS[packing]
    data = pack(MEMBERS)
    whole = sorted(unpacked(written(tmp_path, data), within).values())
    for place in range(0, len(data), 1 if within == "zip" else 5):
        flipped = data[:place] + bytes([data[place] ^ 0x10]) + data[place + 1 :]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                assert sorted(unpacked(written(tmp_path, flipped), within).values()) == whole
        except FileRefusedError:
            continue


@pytest.mark.parametrize("packing", ["tar", "tar.gz"])
def test_a_tar_whose_second_header_is_broken_gives_nothing_of_the_first(tmp_path: Path, packing: str) -> None:
    bare = bytearray(packed_tar(MEMBERS))
    bare[bare.index(b"sub/b.csv")] ^= 1
    data = gzip.compress(bytes(bare)) if packing == "tar.gz" else bytes(bare)
    assert "no end" in refusal(written(tmp_path, data), "tar")


def test_what_stands_behind_the_end_of_a_tar_or_before_a_zip_is_not_passed_over(tmp_path: Path) -> None:
    two = packed_tar({"a.csv": b"1"}) + packed_tar({"b.csv": b"2"})
    assert "behind the archive" in refusal(written(tmp_path, two), "tar")
    two = packed_zip({"a.csv": b"1"}) + packed_zip({"b.csv": b"2"})
    assert "before the archive" in refusal(written(tmp_path, two), "zip")
    more = packed_zip({"a.csv": b"1"}) + b"more"
    assert "another number of members" in refusal(written(tmp_path, more), "zip")


@pytest.mark.parametrize("within", ["gzip", "zip", "tar"])
@pytest.mark.parametrize("data", [b"\0", b"item,who\n1,ana\n", b"\x1f\x8b", b"PK\x03\x04", b"PK\x05\x06"])
def test_what_is_no_archive_is_refused(tmp_path: Path, within: str, data: bytes) -> None:
    refusal(written(tmp_path, data), within)


@pytest.mark.parametrize("packing", ["zip", "tar", "tar.gz"])
def test_an_archive_without_a_member_that_is_meant_is_refused(tmp_path: Path, packing: str) -> None:
    within, pack = PACKERS[packing]
    assert "no member matches *.json" in refusal(written(tmp_path, pack(MEMBERS)), within, "*.json")
    assert refusal(written(tmp_path, pack({})), within)
    assert list(unpacked(written(tmp_path, pack(MEMBERS)), within, "sub/*")) == ["sub/b.csv"]


@pytest.mark.parametrize("packing", ["zip", "tar", "tar.gz"])
@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("/etc/passwd", "leaves the archive"),
        ("../up.csv", "leaves the archive"),
        ("sub/../../up.csv", "leaves the archive"),
        ("C:\\up.csv", "leaves the archive"),
        ("sub\\..\\up.csv", "leaves the archive"),
        ("inner.zip", "is an archive itself"),
        ("inner.TAR.GZ", "is an archive itself"),
    ],
)
def test_a_member_is_within_its_archive_and_no_archive(tmp_path: Path, packing: str, name: str, told: str) -> None:
    within, pack = PACKERS[packing]
    assert unpacked(written(tmp_path, pack({**MEMBERS, "up.csv": b"x"})), within)
    assert told in refusal(written(tmp_path, pack({**MEMBERS, name: b"x"})), within)


def test_an_archive_within_that_nobody_asks_for_is_left_alone(tmp_path: Path) -> None:
    for packing in ("zip", "tar"):
        within, pack = PACKERS[packing]
        assert list(unpacked(written(tmp_path, pack({"a.csv": b"1", "b.zip": b"2"})), within, "*.csv")) == ["a.csv"]


@pytest.mark.parametrize(
    "kind",
    [
        tarfile.SYMTYPE,
        tarfile.LNKTYPE,
        tarfile.CHRTYPE,
        tarfile.BLKTYPE,
        tarfile.FIFOTYPE,
        tarfile.GNUTYPE_SPARSE,
    ],
)
def test_a_link_or_device_in_a_tar_refuses_it(tmp_path: Path, kind: bytes) -> None:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.GNU_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo("a.csv"))
        info = tarfile.TarInfo("b.csv")
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info)
    refusal(written(tmp_path, data.getvalue()), "tar")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
def test_a_link_or_device_in_a_zip_refuses_it(tmp_path: Path, kind: int) -> None:
    def packed(mode: int) -> bytes:
        info = zipfile.ZipInfo("a.csv")
        info.external_attr = (mode | 0o644) << 16
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            archive.writestr(info, "/etc/passwd")
        return data.getvalue()

    assert unpacked(written(tmp_path, packed(stat.S_IFREG)), "zip")
    assert "link or a device" in refusal(written(tmp_path, packed(kind)), "zip")


def test_an_encrypted_member_refuses_its_zip(tmp_path: Path) -> None:
    data = bytearray(packed_zip({"a.csv": b"x"}))
    for sign, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(sign) + place] |= 1
    assert "is encrypted" in refusal(written(tmp_path, bytes(data)), "zip")


@pytest.mark.parametrize("within", ["zip", "tar"])
def test_two_members_of_one_name_refuse_the_archive(tmp_path: Path, within: str) -> None:
    data = io.BytesIO()
    if within == "zip":
        with warnings.catch_warnings(), zipfile.ZipFile(data, "w") as archive:
            warnings.simplefilter("ignore")
            archive.writestr("a.csv", "1")
            archive.writestr("a.csv", "2")
    else:
        with tarfile.open(fileobj=data, mode="w") as tar:
            tar.addfile(tarfile.TarInfo("a.csv"))
            tar.addfile(tarfile.TarInfo("a.csv"))
    assert "the same name" in refusal(written(tmp_path, data.getvalue()), within)


@pytest.mark.parametrize("packing", ["zip", "tar", "tar.gz"])
def test_too_many_members_refuse_the_archive(tmp_path: Path, packing: str) -> None:
    within, pack = PACKERS[packing]
    few = {f"{number}.csv": b"x" for number in range(SMALL.members)}
    assert len(unpacked(written(tmp_path, pack(few)), within, limits=SMALL)) == SMALL.members
    path = written(tmp_path, pack({**few, "more.csv": b"x"}))
    assert "more than 3 members" in refusal(path, within, limits=SMALL)


@pytest.mark.parametrize("packing", ["gzip", "zip", "tar.gz", "tar.bz2", "tar.xz"])
@pytest.mark.parametrize(
    ("limits", "told"),
    [
        (Limits(bytes=40_000), "more than 40000 bytes"),
        (Limits(ratio=20, ratio_free_bytes=1000), "more than 20 times its packed size"),
    ],
)
def test_a_bomb_is_stopped(tmp_path: Path, packing: str, limits: Limits, told: str) -> None:
    within, pack = PACKERS[packing]
    path = written(tmp_path, pack({"a.csv": b"x", "sub/b.csv": b"0" * 50_000}))
    assert sum(map(len, unpacked(path, within).values())) >= 50_000
    assert told in refusal(path, within, limits=limits)


@pytest.mark.parametrize("packing", ["zip", "tar.gz"])
def test_many_small_members_are_a_bomb_together(tmp_path: Path, packing: str) -> None:
    within, pack = PACKERS[packing]
    path = written(tmp_path, pack({f"{number}.csv": b"0" * 900 for number in range(60)}))
    assert "more than 20000 bytes" in refusal(path, within, limits=Limits(bytes=20_000))


def test_a_header_that_claims_more_than_there_is_costs_no_memory(tmp_path: Path) -> None:
    """The library reads a pax header whole, whatever size it claims."""
    info = tarfile.TarInfo("././@PaxHeader")
    info.type, info.size = tarfile.XHDTYPE, 7 << 30
    header = info.tobuf(tarfile.USTAR_FORMAT)
    refusal(written(tmp_path, header + b"\0" * 2048), "tar")
    bomb = gzip.compress(header + b"9" * (4 << 20))
    assert "more than" in refusal(written(tmp_path, bomb), "tar", limits=Limits(ratio=20, ratio_free_bytes=1 << 20))


def test_a_tar_is_read_once_from_front_to_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    members = {f"{10 - number:02}.csv": bytes([number]) * 5000 for number in range(10)}
    path = written(tmp_path, gzip.compress(packed_tar(members)))
    monkeypatch.setattr(gzip.GzipFile, "seek", lambda *_: pytest.fail("the archive is read again from its front"))
    assert list(unpacked(path, "tar").items()) == list(members.items())
