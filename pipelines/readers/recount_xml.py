"""The second reader's way through an XML document: tags by a regular expression, depth by counting them.

Whether the document is well-formed is for the first reader to say; what is a tag and what only looks like one (in a
comment, a CDATA section, a processing instruction, an attribute's value) is told apart here, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from pipelines.readers.records import MAX_RECORD_BYTES
from pipelines.readers.recount_json import RecountError

_PIECE = 1 << 20
_TOKEN = re.compile(
    r"<(?:(/?)([^\s<>/!?\"'=]+)(?:[^<>/\"']++|/(?!>)|\"[^\"]*+\"|'[^']*+')*+(/?)>"
    r"|!--[^-]*+(?:-(?!-)[^-]*+)*+-->|!\[CDATA\[[^\]]*+(?:\](?!\]>)[^\]]*+)*+\]\]>|\?[^?]*+(?:\?(?!>)[^?]*+)*+\?>)?"
)
"""A tag (1: it ends an element, 2: its name, 3: it has no content), or what is none; a bare < is unfinished."""

_NO_TAG = ("<!--", "<![CDATA[", "<?")


def count_elements(read: Callable[[int], str], path: str) -> int:
    """How many elements stand at a path (``a/b/c``, from the root on) of a document read a piece at a time.

    Raises:
        RecountError: the document breaks off, declares a document type, or has a tag larger than a record may be.
    """
    names = path.split("/")
    total = depth = matched = 0
    is_begun = False
    text = ""
    while piece := read(_PIECE):
        text += piece
        rest = len(text)
        for token in _TOKEN.finditer(text):
            ends, name, is_empty = token.groups()
            if ends:
                depth -= 1
                matched = min(matched, depth)
            elif name:
                is_begun = True
                if matched == depth < len(names) and name == names[depth]:
                    matched += 1
                    total += matched == len(names)
                depth += 1
                if is_empty:
                    depth -= 1
                    matched = min(matched, depth)
            elif token.end() == token.start() + 1:
                rest = token.start()
                break
        text = text[rest:]
        if text.startswith("<!") and not any(start.startswith(text[:9]) or text.startswith(start) for start in _NO_TAG):
            raise RecountError("the document declares a document type")
        if len(text) > MAX_RECORD_BYTES:
            raise RecountError(f"a tag or comment is larger than {MAX_RECORD_BYTES} characters")
    if text or depth or not is_begun:
        raise RecountError("the document breaks off")
    return total
