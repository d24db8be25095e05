"""Landed files beside their recount from the raw bytes: what tests ask after they have ingested something."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from expectations.laws.neutral import Fingerprint, neutral_fingerprints, summed
from expectations.recount.beside import content_text, moment_text
from expectations.recount.recount import Recount, recount_file
from expectations.recount.refused import refused_of
from pipelines.contracts.model import SourceContract
from pipelines.domain.pseudonyms import PseudonymKey
from pipelines.landing.deliveries import current_files, raw_file
from pipelines.landing.home import Home
from pipelines.landing.land import connect
from pipelines.landing.receipts import FileReceipt, folder_of, read_receipt


@dataclass(frozen=True)
class Pair:
    """A landed file, and its recount."""

    name: str
    receipt: FileReceipt
    landed: Fingerprint
    recount: Recount
    contents: tuple[set[int], set[int]]
    moments: Fingerprint


def pairs(contract: SourceContract, home: Home, key: PseudonymKey) -> Iterator[Pair]:
    """Every file of a source's present state, landed and recounted from what the raw area keeps of it."""
    for _, file in current_files(contract, home):
        folder = folder_of(contract, file, key, home)
        receipt = read_receipt(folder)
        refused = refused_of(folder, first=file.copy * receipt.records)
        raw = raw_file(contract.source, file.sha256, home)
        found: set[int] = set()
        recount = recount_file(
            contract,
            file.mapping,
            raw,
            file.name,
            file.sha256,
            key,
            refused,
            by_variation=True,
            with_moments=True,
            contents=found,
        )
        landed = fingerprint_of(folder) if receipt.role == "judgments" else Fingerprint.none()
        yield Pair(file.name, receipt, landed, recount, (found, contents_of(folder)), moments_of(folder))


def fingerprint_of(landed: Path) -> Fingerprint:
    """That of the judgments in a landed file's folder."""
    with connect() as con:
        ((count, digest),) = con.execute(
            neutral_fingerprints(f"read_parquet('{landed}/judgments/*.parquet')", ())
        ).fetchall()
    return Fingerprint(count, digest)


def contents_of(landed: Path) -> set[int]:
    """The digests of what items hold in a landed file's folder."""
    with connect() as con:
        texts = content_text(f"read_parquet('{landed}/items/*.parquet')")
        return {int(one) for (one,) in con.execute(f"select md5_number(said) from ({texts})").fetchall()}


def moments_of(landed: Path) -> Fingerprint:
    """The fingerprint of when the judgments in a landed file's folder were given, and how long they took."""
    with connect() as con:
        texts = moment_text(f"read_parquet('{landed}/judgments/*.parquet')")
        ((count, digest),) = con.execute(summed(f"select md5_number(said) as digest from ({texts})")).fetchall()
    return Fingerprint(count, digest)


def assert_recounted(contract: SourceContract, home: Home, key: PseudonymKey) -> int:
    """What landed is what a recount of the raw bytes gives, file by file; of what was refused nothing can be read.

    Returns:
        the number of judgments.
    """
    judgments = 0
    for one in pairs(contract, home, key):
        assert one.recount.faults == (), one.name
        assert one.recount.total == one.landed, one.name
        if one.receipt.role in ("judgments", "items"):
            assert one.contents[0] == one.contents[1], one.name
        assert one.recount.moments in (None, one.moments), one.name
        if one.receipt.role == "judgments":
            assert one.recount.records == one.receipt.records, one.name
        parts = sum(one.recount.by_variation.values(), Fingerprint.none())
        assert parts == one.recount.total
        judgments += one.recount.judgments
    return judgments
