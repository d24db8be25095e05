"""A body over HTTP into a part: with redirects, retries and ranges that never mix two versions.

What belongs here: what a server may answer. What does not: where files land and what their digest must be.
"""

from __future__ import annotations

import email.utils
import re
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.fetch.part import Part
from pipelines.fetch.words import FetchError, FetchFile, FetchProgress, shown

if TYPE_CHECKING:
    import httpx

RETRY_AFTER_BOUND_S = 60.0
BACKOFF_BOUND_S = 30.0
MAX_REDIRECTS = 10

_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)", re.IGNORECASE)


class _TransientError(Exception):
    """A failure that may pass; ``wait_s`` is how long the server asked to be left alone, in seconds."""

    def __init__(self, what: str, wait_s: float = 0.0) -> None:
        super().__init__(what)
        self.wait_s = wait_s


@dataclass(frozen=True)
class Transfer:
    """What fills parts: a client, who hears of progress, and the bounds."""

    client: httpx.Client
    report: Callable[[FetchProgress], None]
    attempts: int
    backoff_s: float
    max_bytes: int

    def fill(self, part: Part, file: FetchFile) -> None:
        """Fill a part up to the end of the body, in as many attempts as allowed."""
        import httpx

        failure = _TransientError("not tried")
        for attempt in range(self.attempts):
            if attempt:
                pause_s = min(self.backoff_s * 2 ** (attempt - 1), BACKOFF_BOUND_S)
                time.sleep(max(pause_s, failure.wait_s))
            try:
                return self._attempt(part, file)
            except _TransientError as error:
                failure = error
            except httpx.TimeoutException:
                failure = _TransientError(f"the server was silent for {self.client.timeout.read} s")
            except httpx.TransportError as error:
                failure = _TransientError(str(error) or type(error).__name__)
            if failure.wait_s > RETRY_AFTER_BOUND_S:
                todo = f"the server asks for a pause of {failure.wait_s:.0f} s: fetch again after it"
                raise FetchError(f"{file.file}: {failure}", shown(file.url), todo)
        if not part.validator:
            part.restart("")
        raise FetchError(
            f"{file.file}: {failure}; asked {self.attempts} times, {part.size} bytes are kept",
            shown(file.url),
            "look at the connection and fetch again; it goes on from what is kept",
        )

    def _attempt(self, part: Part, file: FetchFile) -> None:
        """Ask once for what the part lacks."""
        if not part.validator:
            part.restart("")
        ranged = {"Range": f"bytes={part.size}-", "If-Range": part.validator} if part.size else {}
        with closing(self._get(file, ranged)) as response:
            status = response.status_code
            if ranged and status in (200, 206, 416) and not _continues(response, part):
                part.restart("")
                if status != 200:  # its body is of no use
                    return self._attempt(part, file)
            if status != (206 if part.size else 200):
                raise _refusal(file, response)
            self._take(part, file, response)

    def _get(self, file: FetchFile, headers: Mapping[str, str]) -> httpx.Response:
        """Send a request and follow its redirects; the body is still to be read."""
        import httpx

        try:
            request = self.client.build_request("GET", file.url, headers=dict(headers))
        except httpx.InvalidURL as error:
            todo = "correct it in the source's contract"
            raise FetchError(f"{file.file}: the URL cannot be read: {error}", shown(file.url), todo) from None
        for _ in range(MAX_REDIRECTS + 1):
            response = self.client.send(request, stream=True)
            following = response.next_request
            if following is None:
                return response
            response.close()
            before, after = request.url.scheme, following.url.scheme
            if after not in ("http", "https") or (before, after) == ("https", "http"):
                raise FetchError(
                    f"{file.file}: {shown(str(request.url))} leads from {before} to {after}: not followed",
                    shown(str(following.url)),
                    "put a URL that stays on https into the source's contract",
                )
            request = following
        raise FetchError(
            f"{file.file}: more than {MAX_REDIRECTS} redirects",
            shown(file.url),
            "put the URL that they should end at into the source's contract",
        )

    def _take(self, part: Part, file: FetchFile, response: httpx.Response) -> None:
        """Append a body to the part; the part is at its end or at zero."""
        total = _total(response)
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise FetchError(
                f"{file.file}: the server sends it compressed, though asked not to",
                shown(str(response.url)),
                "put a URL that serves the plain bytes into the source's contract",
            )
        self._check_size(part, file, total or 0)
        if part.size == 0:
            part.restart(_validator(response.headers))
        self.report(FetchProgress(file.file, part.size, total))
        for chunk in response.iter_raw():
            self._check_size(part, file, part.size + len(chunk))
            part.append(chunk)
            self.report(FetchProgress(file.file, part.size, total))
        if total is not None and part.size < total:
            raise _TransientError(f"the body ended after {part.size} of {total} bytes")

    def _check_size(self, part: Part, file: FetchFile, size: int) -> None:
        if size > self.max_bytes:
            part.restart("")
            raise FetchError(
                f"{file.file}: the body is above the bound of {self.max_bytes} bytes; nothing was kept",
                shown(file.url),
                "look whether the URL in the source's contract is the right one",
            )


def _continues(response: httpx.Response, part: Part) -> bool:
    """Whether an answer to a Range goes on where the part ends, in the same version."""
    span = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
    if response.status_code != 206 or span is None or int(span[1]) != part.size:
        return False
    if part.validator.startswith('"'):
        return bool(response.headers.get("etag") == part.validator)
    # An answer to If-Range repeats the ETag, but may leave out Last-Modified (RFC 9110, 15.3.7).
    return bool(response.headers.get("last-modified", part.validator) == part.validator)


def _refusal(file: FetchFile, response: httpx.Response) -> Exception:
    import httpx

    status = response.status_code
    answer = f"the server answered {status} {httpx.codes.get_reason_phrase(status)}".rstrip()
    if status in (408, 429) or status >= 500:
        return _TransientError(answer, _retry_after_s(response.headers))
    todo = "look whether the file is still public there, and correct the URL in the source's contract"
    return FetchError(f"{file.file}: {answer}", shown(str(response.url)), todo)


def _total(response: httpx.Response) -> int | None:
    """Bytes of the whole file, where the answer says."""
    if span := _CONTENT_RANGE.fullmatch(response.headers.get("content-range", "")):
        return None if span[2] == "*" else int(span[2])
    length = response.headers.get("content-length", "")
    return int(length) if length.isdecimal() else None


def _validator(headers: Mapping[str, str]) -> str:
    """What If-Range may name: a strong ETag, or a strong Last-Modified (RFC 9110, 8.8.2.2); "" is neither."""
    etag = headers.get("etag", "")
    if etag.startswith('"') and etag.isascii():
        return etag
    modified, sent = _epoch_s(headers.get("last-modified", "")), _epoch_s(headers.get("date", ""))
    is_strong = modified is not None and sent is not None and sent > modified
    return headers["last-modified"] if is_strong else ""


def _retry_after_s(headers: Mapping[str, str]) -> float:
    value = headers.get("retry-after", "")
    if value.isdecimal():
        return float(value)
    until = _epoch_s(value)
    return 0.0 if until is None else max(0.0, until - time.time())


def _epoch_s(date: str) -> float | None:
    parsed = email.utils.parsedate_tz(date)
    try:
        return email.utils.mktime_tz(parsed) if parsed else None
    except (ValueError, OverflowError):
        return None
