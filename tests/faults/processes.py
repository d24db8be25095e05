"""Processes of their own that are killed, forked from one without threads, so that all is imported when they start."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable


def die() -> None:
    """Kill this process, as nobody can expect it."""
    os.kill(os.getpid(), signal.SIGKILL)


def fork(act: Callable[[], object]) -> int:
    """Start a process that does this and ends with 0, or with 99 and a traceback; its id."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    try:
        act()
        os._exit(0)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    os._exit(99)


def ended(child: int) -> int:
    """How a process ended: its exit code, or the signal's number, negative."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
