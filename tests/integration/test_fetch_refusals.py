"""Fetching from a real server on 127.0.0.1: what is tried again, and what is refused."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path

import pytest

from pipelines.fetch import FetchError, FetchFile, FetchProgress, fetch, shown
from tests.integration.fetch_origin import (
    BODY,
    HALF,
    Origin,
    break_off,
    fetch_one,
    names,
    serving,
    sha256,
    wanted,
)


@pytest.fixture
def origin(monkeypatch: pytest.MonkeyPatch) -> Iterator[Origin]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    origin = Origin()
    with serving(origin) as origin.url:
        yield origin


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
    with pytest.raises(FetchError, match=rf"silent for 0.3 s; asked 1 times, {HALF} bytes are kept"):
        fetch_one(wanted(origin), tmp_path, timeout_s=0.3, attempts=1)


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
    seen: list[FetchProgress] = []
    with pytest.raises(FetchError, match="above the bound of 299999 bytes"):
        fetch_one(wanted(origin), tmp_path, max_bytes=len(BODY) - 1, on_progress=seen.append)
    assert bool(seen) is not states_length, "a stated size is refused before the body"
    assert names(tmp_path) == []
    assert fetch_one(wanted(origin), tmp_path, max_bytes=len(BODY)).bytes == len(BODY)


def test_a_compressed_body_is_refused(origin: Origin, tmp_path: Path) -> None:
    origin.headers = {"Content-Encoding": "gzip"}
    with pytest.raises(FetchError, match="sends it compressed"):
        fetch_one(wanted(origin), tmp_path)
    assert names(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_said_plainly(origin: Origin, tmp_path: Path) -> None:
    (tmp_path / "inbox").write_bytes(b"a file")
    with pytest.raises(FetchError, match=r"data.csv cannot be read or written: (File exists|Not a directory)"):
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
    with serving(origin, context) as url:
        origin.failures = [(302, {"Location": origin.url})]
        with pytest.raises(FetchError, match="leads from https to http: not followed"):
            fetch_one(FetchFile("data.csv", url, sha256(BODY)), tmp_path / "inbox")
        origin.failures = [(302, {"Location": url})]
        assert fetch_one(wanted(origin), tmp_path / "inbox").outcome == "fetched", "http to https is well"


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
    assert shown("https://me:SECRET@example.org:8443/a/b?token=SECRET#SECRET") == "https://example.org:8443/a/b?…"
    assert shown("https://[::1/SECRET") == "an unreadable URL"


def test_nothing_to_fetch_is_nothing_done(tmp_path: Path) -> None:
    assert fetch([], tmp_path / "inbox") == []
    assert not (tmp_path / "inbox").exists()
