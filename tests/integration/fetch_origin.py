"""A real origin on 127.0.0.1 that breaks in all the ways in which servers break; not a test."""

from __future__ import annotations

import hashlib
import re
import ssl
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from pipelines.fetch import FetchedFile, FetchError, FetchFile, fetch

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
    range_shift: int = 0
    """How far from the byte asked for a range begins."""
    range_limit: int | None = None
    """The longest range that is sent at once."""
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
        origin.asked.append({"path": self.path, **{name.lower(): value for name, value in self.headers.items()}})
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
                return self.answer(416, {"Content-Range": f"bytes */{len(origin.body)}", "Content-Length": "0"})
            status, start = 206, start + origin.range_shift
        rest = origin.body[start or 0 :]
        if start is not None:
            rest = rest[: origin.range_limit]
            headers["Content-Range"] = f"bytes {start}-{start + len(rest) - 1}/{len(origin.body)}"
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


class Server(ThreadingHTTPServer):
    def handle_error(self, *_: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # a client that hangs up is what is tested
            super().handle_error(*_)


@contextmanager
def serving(origin: Origin, context: ssl.SSLContext | None = None) -> Iterator[str]:
    """The origin behind a server, and the URL of its file."""
    handler = type("OriginHandler", (Handler,), {"origin": origin})
    with Server(("127.0.0.1", 0), handler) as server:
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}/data.csv"
        finally:
            if origin.stall:
                origin.stall.set()
            server.shutdown()
            thread.join()


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
