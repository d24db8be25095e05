"""Whether a file is still being written: asked of the system where it answers, watched where it does not."""

from __future__ import annotations

import errno
import fcntl
import signal
import time
from pathlib import Path

_YOUNG_S = 2.0
"""A file that did not change for this long is taken for complete, where nobody can say more."""

_WATCHED_S = 0.5


def is_being_written(path: Path) -> bool:
    """Whether a process has the file open for writing, or, where the system cannot say, whether it still changes.

    Linux grants a read lease only on a file that nobody writes; it is given back at once, unused. Files of other
    users and some network file systems grant none: there a young file is looked at twice.
    """
    with path.open("rb") as stream:
        try:
            # Whoever opens the file for writing in this very moment makes the system send a signal: an ignored one.
            fcntl.fcntl(stream, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(stream, fcntl.F_SETLEASE, fcntl.F_RDLCK)
            fcntl.fcntl(stream, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        except (OSError, AttributeError) as error:
            if isinstance(error, OSError) and error.errno == errno.EAGAIN:
                return True
            return _still_changes(path)
    return False


def _still_changes(path: Path) -> bool:
    before = path.stat()
    if not 0 <= time.time() - before.st_mtime < _YOUNG_S:
        return False
    time.sleep(_WATCHED_S)
    after = path.stat()
    return (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns)
