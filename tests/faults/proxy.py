"""A proxy before the real S3 server, which spoils some of what passes, as networks and servers do."""

from __future__ import annotations

import http.client
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NO_PRECONDITIONS = "no preconditions"
"""What a server does that does not know them: it says that it did what was asked."""

FAULTS = ("503", "apply-then-500", "apply-then-drop", "truncated upload", "slow", "stale read")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or each answer, written in two parts, waits 40 ms for the client's acknowledgement
    server: FaultProxy

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged: credentials' signatures are in the requests."""

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.server.draw(self.command, self.path)
        if fault == "503":
            self._answer(503, b"<Error><Code>SlowDown</Code></Error>")
            return
        if fault == "slow":
            time.sleep(0.1)
        if fault == "stale read":
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
            return
        if fault == "truncated upload":
            self._truncate(body)
            return
        status, headers, answer = self._forward(body)
        if fault == NO_PRECONDITIONS and status == 412:
            status, headers, answer = 200, [("ETag", '"0"')], b""
        if fault == "apply-then-500":
            self._answer(500, b"<Error><Code>InternalError</Code></Error>")
        elif fault == "apply-then-drop":
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
        else:
            self.send_response_only(status)
            for name, value in headers:
                if name.lower() not in ("transfer-encoding", "connection", "content-length"):
                    self.send_header(name, value)
            length = dict((name.lower(), value) for name, value in headers).get("content-length", str(len(answer)))
            self.send_header("Content-Length", length if self.command == "HEAD" else str(len(answer)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer)

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = _pass  # noqa: N815 (http.server's names)

    def _forward(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        upstream = http.client.HTTPConnection(self.server.upstream[0], self.server.upstream[1], timeout=30)
        try:
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():  # the host, too, which the signature covers
                if name.lower() not in ("connection", "expect"):
                    upstream.putheader(name, value)
            upstream.endheaders(body or None)
            answer = upstream.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            upstream.close()

    def _truncate(self, body: bytes) -> None:
        """Half of the body reaches the server, then the line is cut, on both sides."""
        with socket.create_connection(self.server.upstream, timeout=30) as upstream:
            lines = [f"{self.command} {self.path} HTTP/1.1"]
            lines += [f"{name}: {value}" for name, value in self.headers.items() if name.lower() != "expect"]
            upstream.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body[: len(body) // 2])
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response_only(status)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class FaultProxy(ThreadingHTTPServer):
    """Passes requests on, and counts them, and spoils a share of them by the faults that it is given.

    The dice are seeded.
    """

    daemon_threads = True

    def __init__(self, upstream: tuple[str, int], share: float, faults: tuple[str, ...], seed: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream, self.injected = upstream, dict.fromkeys(faults, 0)
        self.requests = Counter[str]()
        self._share, self._faults, self._dice = share, faults, random.Random(seed)
        self._lock = threading.Lock()

    def draw(self, command: str, path: str) -> str | None:
        """The fault of the next request, if it is to have one. No listing says that it is not there itself."""
        fits = [
            fault
            for fault in self._faults
            if not (fault == "truncated upload" and command != "PUT")
            and not (fault == "stale read" and (command != "GET" or "list-type=" in path))
        ]
        with self._lock:
            self.requests[command] += 1
            if not fits or self._dice.random() >= self._share:
                return None
            fault = self._dice.choice(fits)
            self.injected[fault] += 1
            return fault

    def handle_error(self, request: object, client_address: object) -> None:
        """Connections that clients drop are what this is about."""


@contextmanager
def fault_proxy(endpoint: str, share: float, faults: tuple[str, ...] = FAULTS, seed: int = 5) -> Iterator[FaultProxy]:
    """Run a proxy before a server."""
    host, port = endpoint.removeprefix("http://").split(":")
    proxy = FaultProxy((host, int(port)), share, faults, seed)
    thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield proxy
    finally:
        proxy.shutdown()
        thread.join()
        proxy.server_close()
