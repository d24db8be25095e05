"""Dagster's processes for the UI: started together, watched, and stopped so that none is left behind.

Which home they serve is said by the environment; what they say goes to a log file, not to the terminal.
"""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

HOST = "127.0.0.1"
LOCATION = "variorum"
LOG = "ui.log"
_LOCK = "ui.lock"
_WATCH_S = 0.5
_STOP_S = 20.0
"""How long Dagster may take to stop before its processes are killed."""

_LOCATIONS = """
{ workspaceOrError { ... on Workspace { locationEntries { locationOrLoadError {
    __typename ... on PythonError { message } } } } } }
"""


class ServicesError(RuntimeError):
    """The UI cannot be started or has ended; the message says why and what to do."""


class StartError(ServicesError):
    """The UI cannot be started as asked: another port, or the UI that runs already, is what to use."""


@dataclass(frozen=True)
class Services:
    """What is to be started: Dagster's own folder, the port on 127.0.0.1, and the variables that name the home."""

    folder: Path
    port: int
    environment: Mapping[str, str]

    @property
    def url(self) -> str:
        """Where people look."""
        return f"http://{HOST}:{self.port}"

    @property
    def log(self) -> Path:
        """What the processes say, from the last start on."""
        return self.folder / LOG

    def run(self, on_ready: Callable[[], None], on_stop: Callable[[], None]) -> None:
        """Start everything and stay until SIGINT, SIGTERM or SIGHUP.

        ``on_ready`` is called once the pipeline is loaded and shown, ``on_stop`` when the processes are asked to end.

        Raises:
            StartError: the port is taken, or another UI serves this home.
            ServicesError: the pipeline cannot be loaded, or a process ended by itself.
        """
        require_free(self.port)
        with self._alone(), _signals() as asked, self.log.open("w", encoding="utf-8") as log:
            process = self._start(log.fileno())
            try:
                if self._loaded(process, asked):
                    on_ready()
                while not asked.wait(_WATCH_S):
                    self._require_alive(process)
                on_stop()
            finally:
                _stop(process)

    def _start(self, log: int) -> subprocess.Popen[bytes]:
        workspace = self.folder / "workspace.yaml"
        target = {"module_name": "pipelines.definitions", "location_name": LOCATION}
        workspace.write_text(yaml.safe_dump({"load_from": [{"python_module": target}]}))
        command = [sys.executable, "-m", "dagster", "dev", "-w", str(workspace), "-h", HOST, "-p", str(self.port)]
        return subprocess.Popen(  # noqa: S603  # our own interpreter, no shell
            [*command, "--log-level", "warning"],
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

    def _loaded(self, process: subprocess.Popen[bytes], asked: threading.Event) -> bool:
        """Wait until the pipeline is shown; False if the user asked to stop before."""
        while not asked.wait(_WATCH_S):
            self._require_alive(process)
            errors = load_errors(self.port)
            if errors:
                raise ServicesError(f"the pipeline cannot be loaded\n{errors[0].strip()}\nmore: {self.log}")
            if errors is not None:
                return True
        return False

    def _require_alive(self, process: subprocess.Popen[bytes]) -> None:
        if process.poll() is not None:
            last = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-5:]
            raise ServicesError("\n".join(["Dagster ended by itself; it said:", *last, f"more: {self.log}"]))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One UI a home: two daemons would start every run twice."""
        with (self.folder / _LOCK).open("a+", encoding="utf-8") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                raise StartError(f"the UI of this home runs already: {lock.read().strip()}") from None
            lock.truncate(0)
            lock.write(f"{self.url} (process {os.getpid()})\n")
            lock.flush()
            yield


def require_free(port: int) -> None:
    """Refuse a port that is taken or not allowed.

    Raises:
        StartError: it names a port that is free.
    """
    try:
        _bind(port)
    except PermissionError:
        raise StartError(f"port {port} on {HOST} is reserved for the system; try --port 3000") from None
    except OSError:
        free = next(other for other in (*range(port + 1, min(port + 100, 65536)), 0) if _is_free(other))
        raise StartError(f"port {port} on {HOST} is taken; try --port {free or 3000}") from None


def _bind(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((HOST, port))


def _is_free(port: int) -> bool:
    try:
        _bind(port)
    except OSError:
        return False
    return True


def load_errors(port: int) -> list[str] | None:
    """Why code could not be loaded, empty if it is; None while the web server does not answer or still loads."""
    connection = http.client.HTTPConnection(HOST, port, timeout=60)
    try:
        connection.request("POST", "/graphql", json.dumps({"query": _LOCATIONS}), {"Content-Type": "application/json"})
        answer = json.loads(connection.getresponse().read())
        entries = answer["data"]["workspaceOrError"]["locationEntries"]
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return None
    finally:
        connection.close()
    loaded = [entry["locationOrLoadError"] for entry in entries]
    if not loaded or None in loaded:
        return None
    return [one["message"] for one in loaded if one["__typename"] == "PythonError"]


@contextmanager
def _signals() -> Iterator[threading.Event]:
    """An event that is set when the user, or the system, asks to stop. Handled even where a shell had it ignored."""
    asked = threading.Event()
    wanted = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, lambda *_: asked.set()) for number in wanted}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ask Dagster to stop, then see to it that no process of its session is left."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for number in (signal.SIGTERM, signal.SIGKILL):
        for _ in range(20):
            try:
                os.killpg(process.pid, number)
            except ProcessLookupError:
                return
            time.sleep(0.1)
