"""Fetching from a real server on 127.0.0.1 that breaks in all the ways in which servers break."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from pipelines.fetch import FetchedFile, FetchError, FetchFile, FetchProgress, fetch, shown

BODY = hashlib.shake_256(b"one").digest(300_000)
OTHER_BODY = hashlib.shake_256(b"other").digest(300_000)
HALF = 150_000


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass
class Origin:
    """What the server has, how it behaves, and what it was asked."""

    url: str = ""
    body: bytes = BODY
    etag: str | None = '"v1"'
    last_modified: str | None = None
    takes_ranges: bool = True
    honours_if_range: bool = True
    states_length: bool = True
    headers: dict[str, str] = field(default_factory=dict)
    failures: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    """Answers to give first: status and headers."""
    cuts: list[int] = field(default_factory=list)
    """After how many bytes of the body to cut the connection, one a request."""
    stall: threading.Event | None = None
    """Where set, a request stops in the middle of its body until the event."""
    asked: list[dict[str, str]] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)
    """Bytes of the file that each request was sent."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    origin: Origin

    def log_message(self, *_: Any) -> None: ...

    def answer(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def do_GET(self) -> None:
        origin = self.origin
        origin.asked.append(
            {"path": self.path, **{name.lower(): value for name, value in self.headers.items()}}
        )
        if origin.failures:
            status, headers = origin.failures.pop(0)
            return self.answer(status, {"Content-Length": "0", **headers})
        self.serve(origin)

    def serve(self, origin: Origin) -> None:
        headers = dict(origin.headers)
        if origin.etag:
            headers["ETag"] = origin.etag
        if origin.last_modified:
            headers["Last-Modified"] = origin.last_modified
        start, status = self.start_of_range(origin), 200
        if start is not None:
            if start >= len(origin.body):
                return self.answer(
                    416, {"Content-Range": f"bytes */{len(origin.body)}", "Content-Length": "0"}
                )
            status = 206
            headers["Content-Range"] = f"bytes {start}-{len(origin.body) - 1}/{len(origin.body)}"
        rest = origin.body[start or 0 :]
        if origin.states_length:
            headers["Content-Length"] = str(len(rest))
        else:
            self.close_connection = True
            headers["Connection"] = "close"
        self.answer(status, headers)
        cut = origin.cuts.pop(0) if origin.cuts else len(rest)
        if origin.stall:
            self.wfile.write(rest[: len(rest) // 2])
            origin.stall.wait(10)
            self.close_connection = True
            return
        self.wfile.write(rest[:cut])
        origin.sent.append(cut)
        if cut < len(rest):
            self.close_connection = True

    def start_of_range(self, origin: Origin) -> int | None:
        span = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if span is None or not origin.takes_ranges:
            return None
        version = origin.etag or origin.last_modified
        if origin.honours_if_range and self.headers.get("If-Range", version) != version:
            return None
        return int(span[1])


@pytest.fixture
def origin() -> Iterator[Origin]:
    origin = Origin()
    handler = type("OriginHandler", (Handler,), {"origin": origin})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        origin.url = f"http://127.0.0.1:{server.server_port}/data.csv"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield origin
        if origin.stall:
            origin.stall.set()
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def wanted(origin: Origin, body: bytes = BODY) -> FetchFile:
    return FetchFile("data.csv", origin.url, sha256(body))


def fetch_one(file: FetchFile, folder: Path, **options: Any) -> FetchedFile:
    (found,) = fetch([file], folder, **{"timeout_s": 5.0, "backoff_s": 0.01, **options})
    return found


def break_off(origin: Origin, folder: Path, at: int = HALF) -> None:
    """Leave the part of a fetch whose connection was cut."""
    origin.cuts = [at]
    with pytest.raises(FetchError, match=f"{at} bytes are kept"):
        fetch_one(wanted(origin), folder, attempts=1)
    assert names(folder) == ["data.csv.origin.part", "data.csv.part"]
    origin.asked.clear()
    origin.sent.clear()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# --- whole and verified -----------------------------------------------------------------------------------


def test_a_file_lands_with_its_bytes_and_nothing_beside_it(origin: Origin, tmp_path: Path) -> None:
    found = fetch_one(wanted(origin), tmp_path / "inbox")
    assert found == FetchedFile("data.csv", tmp_path / "inbox/data.csv", len(BODY), "fetched")
    assert found.path.read_bytes() == BODY
    assert names(tmp_path / "inbox") == ["data.csv"]
    assert origin.asked[0]["accept-encoding"] == "identity"


def test_several_files_come_in_the_order_given_and_into_folders(origin: Origin, tmp_path: Path) -> None:
    files = [FetchFile(name, origin.url, sha256(BODY)) for name in ("z.csv", "deep/a.csv")]
    assert [found.file for found in fetch(files, tmp_path)] == ["z.csv", "deep/a.csv"]
    assert (tmp_path / "deep/a.csv").read_bytes() == BODY


def test_an_empty_file_is_fetched_like_any_other(origin: Origin, tmp_path: Path) -> None:
    origin.body = b""
    assert fetch_one(wanted(origin, b""), tmp_path).bytes == 0
    assert names(tmp_path) == ["data.csv"]


def test_a_body_of_unstated_length_is_taken_up_to_its_end(origin: Origin, tmp_path: Path) -> None:
    origin.states_length = False
    assert fetch_one(wanted(origin), tmp_path).path.read_bytes() == BODY


def test_a_target_with_the_right_digest_is_left_alone_and_nobody_is_asked(
    origin: Origin, tmp_path: Path
) -> None:
    target = tmp_path / "data.csv"
    target.write_bytes(BODY)
    os.utime(target, (1, 1))
    assert fetch_one(wanted(origin), tmp_path).outcome == "already_there"
    assert target.stat().st_mtime == 1
    assert origin.asked == []


def test_a_target_with_another_digest_is_never_overwritten(origin: Origin, tmp_path: Path) -> None:
    target = tmp_path / "data.csv"
    target.write_bytes(b"mine")
    with pytest.raises(FetchError, match="is there already and has sha256") as caught:
        fetch_one(wanted(origin), tmp_path)
    assert caught.value.where == str(target)
    assert "move it away" in caught.value.what_to_do
    assert target.read_bytes() == b"mine"
    assert origin.asked == []


def test_what_somebody_puts_there_during_the_fetch_is_not_overwritten(origin: Origin, tmp_path: Path) -> None:
    target = tmp_path / "data.csv"
    with pytest.raises(FetchError, match="is there already"):
        fetch_one(wanted(origin), tmp_path, on_progress=lambda _: target.write_bytes(b"mine"))
    assert target.read_bytes() == b"mine"
    target.unlink()
    assert fetch_one(wanted(origin), tmp_path).outcome == "resumed"
    assert len(origin.asked) == 1, "the part was whole"


def test_a_wrong_body_leaves_nothing_and_shows_both_digests(origin: Origin, tmp_path: Path) -> None:
    origin.body = OTHER_BODY
    with pytest.raises(FetchError, match="origin has changed or the transfer was tampered with") as caught:
        fetch_one(wanted(origin), tmp_path)
    assert f"expected sha256 {sha256(BODY)}, received {sha256(OTHER_BODY)}" in caught.value.what
    assert names(tmp_path) == []
    assert len(origin.asked) == 1, "a wrong body is no reason to ask again"


def test_progress_counts_up_to_the_stated_total(origin: Origin, tmp_path: Path) -> None:
    seen: list[FetchProgress] = []
    fetch_one(wanted(origin), tmp_path, on_progress=seen.append)
    assert seen[0] == FetchProgress("data.csv", 0, len(BODY))
    assert seen[-1] == FetchProgress("data.csv", len(BODY), len(BODY))
    assert [step.bytes for step in seen] == sorted(step.bytes for step in seen)


# --- going on ---------------------------------------------------------------------------------------------


def test_a_cut_connection_is_gone_on_with_in_the_same_fetch(origin: Origin, tmp_path: Path) -> None:
    origin.cuts = [HALF]
    assert fetch_one(wanted(origin), tmp_path).outcome == "fetched"
    assert origin.sent == [HALF, len(BODY) - HALF]
    assert (tmp_path / "data.csv").read_bytes() == BODY


@pytest.mark.parametrize(
    ("etag", "last_modified"),
    [('"v1"', None), (None, formatdate(0, usegmt=True)), ('W/"weak"', formatdate(0, usegmt=True))],
    ids=["strong ETag", "Last-Modified", "Last-Modified beside a weak ETag"],
)
def test_a_later_fetch_asks_only_for_what_is_missing(
    origin: Origin, tmp_path: Path, etag: str | None, last_modified: str | None
) -> None:
    origin.etag, origin.last_modified = etag, last_modified
    origin.honours_if_range = etag is None or etag.startswith('"')
    break_off(origin, tmp_path)
    assert fetch_one(wanted(origin), tmp_path).outcome == "resumed"
    assert origin.asked[0]["range"] == f"bytes={HALF}-"
    assert origin.asked[0]["if-range"] == (last_modified or etag)
    assert origin.sent == [len(BODY) - HALF]


def test_a_killed_fetch_is_gone_on_with_from_the_byte_where_it_died(origin: Origin, tmp_path: Path) -> None:
    origin.stall = threading.Event()
    program = (
        "import sys, pathlib; from pipelines.fetch import FetchFile, fetch; "
        "fetch([FetchFile('data.csv', sys.argv[1], sys.argv[2])], pathlib.Path(sys.argv[3]))"
    )
    command = [sys.executable, "-c", program, origin.url, sha256(BODY), str(tmp_path)]
    part = tmp_path / "data.csv.part"
    with subprocess.Popen(command, cwd=Path(__file__).parents[2]) as process:
        deadline = time.monotonic() + 10
        while not (part.exists() and part.stat().st_size == HALF) and time.monotonic() < deadline:
            time.sleep(0.005)
        os.kill(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert names(tmp_path) == ["data.csv.origin.part", "data.csv.part"]
    origin.stall.set()
    origin.stall = None

    assert fetch_one(wanted(origin), tmp_path).outcome == "resumed"
    assert origin.asked[-1]["range"] == f"bytes={HALF}-"
    assert origin.sent == [len(BODY) - HALF]
    assert (tmp_path / "data.csv").read_bytes() == BODY
    assert names(tmp_path) == ["data.csv"]


def test_a_part_that_is_whole_lands_without_a_request(origin: Origin, tmp_path: Path) -> None:
    (tmp_path / "data.csv.part").write_bytes(BODY)
    assert fetch_one(wanted(origin), tmp_path).outcome == "resumed"
    assert origin.asked == []
    assert names(tmp_path) == ["data.csv"]


def test_a_new_version_is_never_glued_to_the_old_one(origin: Origin, tmp_path: Path) -> None:
    break_off(origin, tmp_path)
    origin.body, origin.etag = OTHER_BODY, '"v2"'
    with pytest.raises(FetchError, match=f"received {sha256(OTHER_BODY)}"):
        fetch_one(wanted(origin), tmp_path)
    assert names(tmp_path) == []


def test_a_part_of_what_the_contract_no_longer_names_is_not_gone_on_with(
    origin: Origin, tmp_path: Path
) -> None:
    break_off(origin, tmp_path)
    origin.body = OTHER_BODY  # under the same ETag: only the contract's digest tells
    assert fetch_one(wanted(origin, OTHER_BODY), tmp_path).outcome == "fetched"
    assert "range" not in origin.asked[0]


@pytest.mark.parametrize("honours_if_range", [True, False])
def test_a_version_that_changes_between_attempts_is_taken_from_its_start(
    origin: Origin, tmp_path: Path, honours_if_range: bool
) -> None:
    origin.body, origin.honours_if_range = OTHER_BODY, honours_if_range
    origin.cuts = [HALF]

    def change(step: FetchProgress) -> None:
        if step.bytes == HALF:
            origin.body, origin.etag = BODY, '"v2"'

    assert fetch_one(wanted(origin), tmp_path, on_progress=change).path.read_bytes() == BODY
    assert origin.asked[1]["if-range"] == '"v1"'
    assert origin.sent[-1] == len(BODY)


def test_a_part_whose_bytes_are_wrong_is_dropped_and_the_next_fetch_starts_from_zero(
    origin: Origin, tmp_path: Path
) -> None:
    break_off(origin, tmp_path)
    (tmp_path / "data.csv.part").write_bytes(OTHER_BODY[:HALF])
    with pytest.raises(FetchError, match=f"{HALF} bytes were left by an earlier fetch: fetch again"):
        fetch_one(wanted(origin), tmp_path)
    assert names(tmp_path) == []
    assert fetch_one(wanted(origin), tmp_path).outcome == "fetched"


@pytest.mark.parametrize("note", [b"[]", b'{"validator": "', b"\xff"])
def test_a_part_whose_version_is_unknown_is_not_gone_on_with(
    origin: Origin, tmp_path: Path, note: bytes
) -> None:
    break_off(origin, tmp_path)
    (tmp_path / "data.csv.origin.part").write_bytes(note)
    assert fetch_one(wanted(origin), tmp_path).outcome == "fetched"
    assert "range" not in origin.asked[0]


def test_without_a_validator_a_cut_body_is_asked_for_from_zero(origin: Origin, tmp_path: Path) -> None:
    origin.etag, origin.cuts = None, [HALF]
    assert fetch_one(wanted(origin), tmp_path).path.read_bytes() == BODY
    assert ["range" in asked for asked in origin.asked] == [False, False]

    (tmp_path / "data.csv").unlink()
    origin.cuts = [HALF]
    with pytest.raises(FetchError, match="asked 1 times, 0 bytes are kept"):
        fetch_one(wanted(origin), tmp_path, attempts=1)
    assert names(tmp_path) == []


def test_a_server_that_ignores_ranges_is_taken_from_zero(origin: Origin, tmp_path: Path) -> None:
    break_off(origin, tmp_path)
    origin.takes_ranges = False
    assert fetch_one(wanted(origin), tmp_path).outcome == "fetched"
    assert origin.asked[0]["range"] == f"bytes={HALF}-"
    assert origin.sent == [len(BODY)]


def test_a_range_beyond_the_end_is_answered_with_a_start_from_zero(origin: Origin, tmp_path: Path) -> None:
    break_off(origin, tmp_path)
    with (tmp_path / "data.csv.part").open("ab") as part:
        part.write(bytes(len(BODY)))
    assert fetch_one(wanted(origin), tmp_path, attempts=1).path.read_bytes() == BODY
    assert ["range" in asked for asked in origin.asked] == [True, False]


# --- failures that may pass, and those that will not ------------------------------------------------------


@pytest.mark.parametrize("status", [429, 500])
def test_a_failure_that_may_pass_is_tried_again(origin: Origin, tmp_path: Path, status: int) -> None:
    origin.failures = [(status, {}), (status, {})]
    assert fetch_one(wanted(origin), tmp_path).outcome == "fetched"
    assert len(origin.asked) == 3


def test_a_failure_that_stays_ends_after_the_attempts(origin: Origin, tmp_path: Path) -> None:
    origin.failures = [(503, {})] * 9
    with pytest.raises(FetchError, match="503 Service Unavailable; asked 3 times, 0 bytes are kept"):
        fetch_one(wanted(origin), tmp_path, attempts=3)
    assert len(origin.asked) == 3
    assert names(tmp_path) == []


@pytest.mark.parametrize("status", [403, 404, 204, 304])
def test_a_refusal_is_final(origin: Origin, tmp_path: Path, status: int) -> None:
    origin.failures = [(status, {})]
    with pytest.raises(FetchError, match=f"data.csv: the server answered {status} ") as caught:
        fetch_one(wanted(origin), tmp_path)
    assert caught.value.where == origin.url
    assert len(origin.asked) == 1
    assert names(tmp_path) == []


def test_the_pause_that_a_server_asks_for_is_kept(origin: Origin, tmp_path: Path) -> None:
    origin.failures = [(429, {"Retry-After": "1"})]
    began = time.monotonic()
    assert fetch_one(wanted(origin), tmp_path).outcome == "fetched"
    assert time.monotonic() - began >= 1


@pytest.mark.parametrize("pause", ["3600", formatdate(time.time() + 3600, usegmt=True)], ids=["s", "date"])
def test_a_pause_above_the_bound_is_left_to_the_person(origin: Origin, tmp_path: Path, pause: str) -> None:
    origin.failures = [(503, {"Retry-After": pause})]
    with pytest.raises(FetchError, match=r"asks for a pause of 3\d\d\d s"):
        fetch_one(wanted(origin), tmp_path)
    assert len(origin.asked) == 1


def test_a_silent_server_is_a_time_out_that_keeps_what_came(origin: Origin, tmp_path: Path) -> None:
    origin.stall = threading.Event()
    with pytest.raises(FetchError, match=rf"silent for 0.1 s; asked 1 times, {HALF} bytes are kept"):
        fetch_one(wanted(origin), tmp_path, timeout_s=0.1, attempts=1)


def test_nobody_listening_is_said_plainly(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/x?token=SECRET"
        with pytest.raises(FetchError, match="refused; asked 2 times") as caught:
            fetch_one(FetchFile("x", url, sha256(b"")), tmp_path, attempts=2)
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("states_length", [True, False])
def test_a_body_above_the_bound_is_refused(origin: Origin, tmp_path: Path, states_length: bool) -> None:
    origin.states_length = states_length
    with pytest.raises(FetchError, match="above the bound of 299999 bytes"):
        fetch_one(wanted(origin), tmp_path, max_bytes=len(BODY) - 1)
    assert names(tmp_path) == []
    assert fetch_one(wanted(origin), tmp_path, max_bytes=len(BODY)).bytes == len(BODY)


def test_a_compressed_body_is_refused(origin: Origin, tmp_path: Path) -> None:
    origin.headers = {"Content-Encoding": "gzip"}
    with pytest.raises(FetchError, match="sends it compressed"):
        fetch_one(wanted(origin), tmp_path)
    assert names(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_said_plainly(origin: Origin, tmp_path: Path) -> None:
    (tmp_path / "inbox").write_bytes(b"a file")
    with pytest.raises(
        FetchError, match=r"data.csv cannot be read or written: (File exists|Not a directory)"
    ):
        fetch_one(wanted(origin), tmp_path / "inbox")


# --- redirects --------------------------------------------------------------------------------------------


def test_a_redirect_is_followed_with_its_range(origin: Origin, tmp_path: Path) -> None:
    break_off(origin, tmp_path)
    origin.failures = [(302, {"Location": "/elsewhere?signature=SECRET"})]
    assert fetch_one(wanted(origin), tmp_path).outcome == "resumed"
    assert origin.asked[1]["path"] == "/elsewhere?signature=SECRET"
    assert origin.asked[1]["range"] == f"bytes={HALF}-"


def test_an_error_after_a_redirect_does_not_show_its_query(origin: Origin, tmp_path: Path) -> None:
    origin.failures = [(302, {"Location": "/elsewhere?signature=SECRET"}), (403, {})]
    with pytest.raises(FetchError, match="403 Forbidden") as caught:
        fetch_one(wanted(origin), tmp_path)
    assert "/elsewhere?…" in caught.value.where
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("location", ["ftp://127.0.0.1/data.csv", "file:///etc/hostname"])
def test_a_redirect_to_another_scheme_is_not_followed(origin: Origin, tmp_path: Path, location: str) -> None:
    origin.failures = [(302, {"Location": location})]
    with pytest.raises(FetchError, match=f"leads from http to {location.partition(':')[0]}: not followed"):
        fetch_one(wanted(origin), tmp_path)
    assert names(tmp_path) == []


def test_redirects_in_a_circle_end(origin: Origin, tmp_path: Path) -> None:
    origin.failures = [(302, {"Location": "/data.csv"})] * 99
    with pytest.raises(FetchError, match="more than 10 redirects"):
        fetch_one(wanted(origin), tmp_path)


def test_a_redirect_from_https_to_http_is_not_followed(
    origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=127.0.0.1"
    subject = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*make.split(), *subject], check=True, capture_output=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    handler = type("OriginHandler", (Handler,), {"origin": origin})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        url = f"https://127.0.0.1:{server.server_port}/data.csv"
        file = FetchFile("data.csv", url, sha256(BODY))
        try:
            origin.failures = [(302, {"Location": origin.url})]
            with pytest.raises(FetchError, match="leads from https to http: not followed"):
                fetch_one(file, tmp_path / "inbox")
            origin.failures = [(302, {"Location": url})]
            assert fetch_one(wanted(origin), tmp_path / "inbox").outcome == "fetched", "http to https is well"
        finally:
            server.shutdown()
            thread.join()


# --- two at once ------------------------------------------------------------------------------------------


def test_of_two_fetches_at_once_the_second_says_so_and_harms_nothing(origin: Origin, tmp_path: Path) -> None:
    refusals: list[str] = []

    def meanwhile(step: FetchProgress) -> None:
        if step.bytes and not refusals:
            with pytest.raises(FetchError) as caught:
                fetch_one(wanted(origin), tmp_path)
            refusals.append(str(caught.value))

    assert fetch_one(wanted(origin), tmp_path, on_progress=meanwhile).outcome == "fetched"
    assert "is being fetched by another process" in refusals[0]
    assert "wait for it" in refusals[0]
    assert (tmp_path / "data.csv").read_bytes() == BODY
    assert names(tmp_path) == ["data.csv"]


def test_many_fetches_at_once_end_in_one_right_file(origin: Origin, tmp_path: Path) -> None:
    outcomes: list[str] = []

    def run() -> None:
        try:
            outcomes.append(fetch_one(wanted(origin), tmp_path).outcome)
        except FetchError as error:
            outcomes.append(error.what)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("fetched") == 1
    assert set(outcomes) <= {"fetched", "already_there", "data.csv is being fetched by another process"}
    assert (tmp_path / "data.csv").read_bytes() == BODY
    assert names(tmp_path) == ["data.csv"]


# --- what is not even asked for ---------------------------------------------------------------------------

GOOD_URL = "https://example.org/data.csv"


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../x",
        "a/../x",
        "/etc/x",
        "a//b",
        "a/",
        "C:x",
        "C:/x",
        "a\\b",
        "a\nb",
        "a\0b",
        "x.part",
    ],
)
def test_a_name_that_may_leave_the_folder_is_refused(name: str) -> None:
    with pytest.raises(FetchError, match="the file name"):
        FetchFile(name, GOOD_URL, sha256(b""))


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("ftp://example.org/x", "only http and https"),
        ("file:///etc/hostname", "cannot be read"),
        ("file://example.org/x", "only http and https"),
        ("data.csv", "cannot be read"),
        ("https:///x", "cannot be read"),
        ("https://[::1/x", "cannot be read"),
        ("https://example.org:99999/x", "cannot be read"),
        ("https://example.org/a b", "cannot be read"),
        ("https://someone:SECRET@example.org/x", "holds credentials"),
    ],
)
def test_a_url_that_is_not_plain_http_is_refused(url: str, fault: str) -> None:
    with pytest.raises(FetchError, match=f"the URL .*{fault}") as caught:
        FetchFile("x", url, sha256(b""))
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("digest", ["", "0" * 63, "0" * 65, "A" * 64, "g" * 64])
def test_a_digest_that_is_no_sha256_is_refused(digest: str) -> None:
    with pytest.raises(FetchError, match="the sha256 is not 64"):
        FetchFile("x", GOOD_URL, digest)


@pytest.mark.parametrize("names", [("a", "a"), ("a", "a.origin")])
def test_two_files_that_would_lie_on_one_another_are_refused(names: tuple[str, str], tmp_path: Path) -> None:
    with pytest.raises(FetchError, match="named twice"):
        fetch([FetchFile(name, GOOD_URL, sha256(b"")) for name in names], tmp_path)


def test_a_url_is_shown_without_what_is_secret() -> None:
    assert (
        shown("https://me:SECRET@example.org:8443/a/b?token=SECRET#SECRET")
        == "https://example.org:8443/a/b?…"
    )
    assert shown("https://[::1/SECRET") == "an unreadable URL"


def test_nothing_to_fetch_is_nothing_done(tmp_path: Path) -> None:
    assert fetch([], tmp_path / "inbox") == []
    assert not (tmp_path / "inbox").exists()
