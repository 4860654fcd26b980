"""What a school says of the processing of its students' data: on which ground, for what, and who answers for it.

Unlike a tenant's other settings it may change, and no event is judged by it.
"""

from __future__ import annotations

from typing import Final, Literal, get_args

import msgspec
from msgspec import Struct

from mastery_engine.domain.errors import InvalidInput, Problem

LegalBasis = Literal[
    "consent", "contract", "legal_obligation", "vital_interests", "public_task", "legitimate_interests"
]
"""GDPR, Article 6(1), (a) to (f)."""
LEGAL_BASES: Final[tuple[LegalBasis, ...]] = get_args(LegalBasis)
MOST_PURPOSES: Final = 10
LONGEST_TEXT: Final = 500
DEFAULT_PURPOSES: Final = (
    "to tell students and their teachers how far a course is mastered and what to do next",
)


class TenantPrivacy(Struct, frozen=True, kw_only=True):
    """What a school says of the processing of its students' data.

    Attributes:
        legal_basis: Ground of the processing (GDPR, Article 6(1)).
        purposes: What the data is processed for, a sentence each.
        controller: Name of the controller and how to reach it; empty until the school says so.
        dpo: How to reach the data protection officer; empty as above.
        changed_ms: When it last changed, Unix milliseconds; 0 for what holds as long as a school has said nothing.
    """

    legal_basis: LegalBasis = "public_task"
    purposes: tuple[str, ...] = DEFAULT_PURPOSES
    controller: str = ""
    dpo: str = ""
    changed_ms: int = 0

    def check(self) -> None:
        """Refuse what cannot be.

        Raises:
            InvalidInput: Every field that breaks a rule.
        """
        problems: list[Problem] = []
        if self.legal_basis not in LEGAL_BASES:
            problems.append(
                Problem(
                    "legal_basis", str(self.legal_basis)[:100], f"must be one of {', '.join(LEGAL_BASES)}"
                )
            )
        if not 1 <= len(self.purposes) <= MOST_PURPOSES:
            problems.append(
                Problem("purposes", f"{len(self.purposes)} of them", f"must be 1 to {MOST_PURPOSES}")
            )
        texts = {"controller": self.controller, "dpo": self.dpo}
        texts |= {f"purposes[{place}]": purpose for place, purpose in enumerate(self.purposes)}
        for name, text in texts.items():
            if (
                len(text) > LONGEST_TEXT
                or not text.isprintable()
                or (name.startswith("p") and not text.strip())
            ):
                rule = f"must be printable, in one line, and have at most {LONGEST_TEXT} characters"
                problems.append(Problem(name, text[:100], rule))
        if problems:
            raise InvalidInput.of(*problems)


_encoder: Final = msgspec.json.Encoder(order="deterministic")
_decoder: Final = msgspec.json.Decoder(TenantPrivacy)


def encode_privacy(privacy: TenantPrivacy) -> bytes:
    """The settings as JSON."""
    return _encoder.encode(privacy)


def decode_privacy(value: bytes | str) -> TenantPrivacy:
    """Settings from JSON."""
    return _decoder.decode(value)
