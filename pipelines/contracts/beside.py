"""The function beside a contract, for records that no shape fits: its text, looked at but not run here.

It is run by ``pipelines.shapes.beside``, from the text that was looked at.
"""

from __future__ import annotations

import ast
import hashlib
from dataclasses import dataclass
from pathlib import Path

FLATTEN = "flatten.py"
ALLOWED = "flatten.py defines flatten(record: dict) -> Iterator[dict], which yields what the mapping reads"


class BesideError(ValueError):
    """The file beside a contract is not what it must be; ``line`` says where."""

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(f"{message}; {ALLOWED}")
        self.line = line


@dataclass(frozen=True)
class FlattenSource:
    """The text of a ``flatten.py``, and where it was read."""

    path: Path
    text: str

    @property
    def digest(self) -> str:
        """sha256 of the text, in hex."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def read_flatten(folder: Path) -> FlattenSource:
    """The function beside the contract in a folder.

    Raises:
        BesideError: there is no such file in the folder itself, or it does not define the function.
    """
    path = folder / FLATTEN
    if not path.is_file():
        raise BesideError("there is no such file beside the contract")
    if path.resolve().parent != folder.resolve():
        raise BesideError("is a link out of the contract's folder")
    try:
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
    except UnicodeDecodeError as error:
        raise BesideError(f"is not UTF-8: {error.reason}") from None
    except SyntaxError as error:
        raise BesideError(f"is no valid Python: {error.msg}", error.lineno or 1) from None
    except ValueError as error:
        raise BesideError(f"is no valid Python: {error}") from None
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "flatten"]
    if not found:
        raise BesideError("defines no function flatten")
    arguments = found[-1].args
    required = len(arguments.posonlyargs) + len(arguments.args) - len(arguments.defaults)
    if required > 1 or not arguments.posonlyargs + arguments.args or any(one is None for one in arguments.kw_defaults):
        raise BesideError("flatten takes something else than one record", found[-1].lineno)
    return FlattenSource(path, text)
