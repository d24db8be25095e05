"""Pseudonyms: a keyed hash of who judged, so that no raw annotator id leaves the restricted raw area.

HMAC-SHA256 (RFC 2104) over family, platform and raw id, cut to 128 bits.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field

PSEUDONYM = "a[0-9a-f]{32}"
"""The form of a pseudonym, as a pattern."""

MINIMUM_KEY_BYTES = 32
_SEPARATOR = b"\x1f"


@dataclass(frozen=True)
class PseudonymKey:
    """The secret that pseudonyms are made with. It has no default and never shows itself.

    Raises:
        ValueError: the secret is shorter than 32 bytes.
    """

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) < MINIMUM_KEY_BYTES:
            raise ValueError(f"a pseudonym key needs at least {MINIMUM_KEY_BYTES} bytes, not {len(self.secret)}")

    def __str__(self) -> str:
        return f"pseudonym key {self.fingerprint}"

    @property
    def fingerprint(self) -> str:
        """8 hex digits that tell one key from another and reveal nothing of it."""
        return hmac.new(self.secret, b"variorum key fingerprint", hashlib.sha256).hexdigest()[:8]

    def of_tier(self, tier: str) -> PseudonymKey:
        """The key of a privacy tier's own, derived by HKDF-Expand (RFC 5869) with this one as its secret.

        Nobody without this key can tell which pseudonyms of two tiers are one person's.
        """
        info = _SEPARATOR.join((b"variorum pseudonyms of tier", tier.encode()))
        return PseudonymKey(hmac.new(self.secret, info + b"\x01", hashlib.sha256).digest())

    def renamed(self, pseudonym: str) -> str:
        """Another pseudonym for who has that one: the same for the same one, and of the same form."""
        return self._hashed(pseudonym.encode())

    def pseudonym(self, family: str, platform: str, raw_id: str) -> str:
        """The annotator's pseudonym, 'a' and 32 hex digits: the same in every export of a family and platform."""
        return self._hashed(_SEPARATOR.join(part.encode() for part in (family, platform, raw_id)))

    def _hashed(self, message: bytes) -> str:
        return "a" + hmac.new(self.secret, message, hashlib.sha256).hexdigest()[:32]
