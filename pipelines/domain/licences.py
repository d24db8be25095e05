"""The licences of data that are known by name: what they are called elsewhere, and whether data may be passed on.

An expression is SPDX's: one id, or several joined by AND, each of which holds for a part.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Licence:
    """One licence: its SPDX id, its name on the Hugging Face hub, and whether everybody may pass on what is under it.

    A release is a rearranged copy, so a licence without derivatives does not allow one.
    """

    spdx: str
    hub: str
    allows_redistribution: bool = True

    @property
    def url(self) -> str:
        """Where its text is."""
        return f"https://spdx.org/licenses/{self.spdx}.html"


LICENCES: dict[str, Licence] = {
    licence.spdx: licence
    for licence in (
        Licence("Apache-2.0", "apache-2.0"),
        Licence("BSD-2-Clause", "bsd-2-clause"),
        Licence("BSD-3-Clause", "bsd-3-clause"),
        Licence("CC-BY-3.0", "cc-by-3.0"),
        Licence("CC-BY-4.0", "cc-by-4.0"),
        Licence("CC-BY-NC-4.0", "cc-by-nc-4.0"),
        Licence("CC-BY-NC-ND-4.0", "cc-by-nc-nd-4.0", allows_redistribution=False),
        Licence("CC-BY-NC-SA-4.0", "cc-by-nc-sa-4.0"),
        Licence("CC-BY-ND-4.0", "cc-by-nd-4.0", allows_redistribution=False),
        Licence("CC-BY-SA-3.0", "cc-by-sa-3.0"),
        Licence("CC-BY-SA-4.0", "cc-by-sa-4.0"),
        Licence("CC0-1.0", "cc0-1.0"),
        Licence("CDLA-Permissive-1.0", "cdla-permissive-1.0"),
        Licence("CDLA-Sharing-1.0", "cdla-sharing-1.0"),
        Licence("MIT", "mit"),
        Licence("ODC-By-1.0", "odc-by"),
        Licence("ODbL-1.0", "odbl"),
        Licence("PDDL-1.0", "pddl"),
    )
}
"""By SPDX id. What is not here is not known to allow anything."""

REDISTRIBUTABLE = tuple(licence.spdx for licence in LICENCES.values() if licence.allows_redistribution)


def licence_parts(expression: str) -> tuple[str, ...]:
    """The licences that an expression names, in its order."""
    return tuple(part.strip() for part in expression.split(" AND "))


def may_be_passed_on(expression: str) -> bool:
    """Whether each licence of an expression is known to allow redistribution."""
    return all(part in REDISTRIBUTABLE for part in licence_parts(expression))
