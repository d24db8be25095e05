"""The memory of both readers does not grow with the file: its peak over a file, and over one four times as long."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

ROWS = {
    "csv": ("item,who,text\n", '{0},ana,"{1}\n""{1}"""\n', ""),
    "jsonl": ("", '{{"item":"{0}","who":"ana","text":"{1}","list":[1,2,{{"a":"{1}"}}]}}\n', ""),
    "json": ("[0", ',{{"item":"{0}","who":"ana","text":"{1}","list":[1,2,{{"a":"{1}"}}]}}', "]"),
    "xml": ("<c>\n", '<r id="{0}"><who>ana</who><text>{1}</text><l>1</l><l>{1}</l></r>\n', "</c>"),
}
PROGRAM = """
import sys
from pathlib import Path
from pipelines.readers import csv_reader
from pipelines.readers.containers import open_members
from pipelines.readers.csv_reader import CsvReader
from pipelines.readers.json_reader import read_json, read_jsonl
from pipelines.readers.records import utf8_stream
from pipelines.readers.recount import Layout, count_records
from pipelines.readers.xml_reader import XmlReader

# Arrow reads up to 32 blocks ahead and so takes that long to come to its full size; with small blocks it is soon there.
csv_reader.CHUNK_BYTES = 1 << 20
path, form, within = Path(sys.argv[1]), sys.argv[2], sys.argv[3] or None
total = 0
for member in open_members(path, within):
    stream = utf8_stream(member.stream, "utf-8")
    if form == "csv":
        total += sum(batch.rows.num_rows for batch in CsvReader(stream, ",", '"'))
    elif form == "xml":
        total += sum(1 for _ in XmlReader(stream, "c/r", "utf-8"))
    else:
        total += sum(1 for _ in (read_jsonl(stream) if form == "jsonl" else read_json(stream, "array")))
assert total == count_records(path, Layout(form, "utf-8", '"', "array", within, record="c/r")), total
if len(sys.argv) > 4:
    kept = list(path.read_bytes())
# getrusage would tell the peak of the process that started this one, where that was higher.
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM:")))
"""


def export(path: Path, form: str, size: int, within: str) -> None:
    """A file of that many bytes, unpacked."""
    head, row, tail = ROWS[form]
    text = "some words of a text, é, that an annotator read; " * 4
    with gzip.open(path, "wt", compresslevel=1) if within else path.open("w", encoding="utf-8") as stream:
        written = stream.write(head)
        number = 0
        while written < size:
            written += stream.write(row.format(number, text))
            number += 1
        stream.write(tail)


def peak(path: Path, form: str, within: str, *more: str) -> int:
    """The peak resident memory of reading and counting a file, in MiB."""
    command = [sys.executable, "-c", PROGRAM, str(path), form, within, *more]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    return int(done.stdout) // 1024


@pytest.mark.parametrize(("form", "within"), [*((form, "") for form in ROWS), ("jsonl", "gzip")])
def test_four_times_the_file_is_not_more_memory(tmp_path: Path, form: str, within: str) -> None:
    peaks = []
    for size in (20 << 20, 80 << 20):
        export(tmp_path / "export", form, size, within)
        peaks.append(peak(tmp_path / "export", form, within))
    assert peaks[1] < peaks[0] + 40, peaks


def test_a_reader_that_keeps_the_file_is_seen(tmp_path: Path) -> None:
    peaks = []
    for size in (2 << 20, 8 << 20):
        export(tmp_path / "export", "xml", size, "")
        peaks.append(peak(tmp_path / "export", "xml", "", "keep"))
    assert peaks[1] > peaks[0] + 24, peaks
