"""Refusals: what a person is told when the answer is no.

    Refused                 one sentence: what is wrong and what to do; a code and data for the doors
    ├── NotAllowed          the capability is missing
    ├── NotFound            a name or id that leads nowhere, with near names
    └── (each rule module)  BadAmount, BidTooLow, TickTooSoon, ...

A refusal rolls the use case's transaction back and is shown privately. Anything that is not a `Refused` is a
defect on our side: it is answered with a code and logged under that code.
"""

from collections.abc import Sequence
from typing import Any, ClassVar


class Refused(Exception):
    """A rule said no. `sentence` is shown as it is: names in it are already made safe."""

    code: ClassVar[str] = "refused"

    def __init__(self, sentence: str, **data: Any) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.data = data


class NotAllowed(Refused):
    """The person lacks the capability; the sentence says who has it."""

    code = "not_allowed"


class NotFound(Refused):
    """Nothing here by that name. `near` holds names that look like it."""

    code = "not_found"

    def __init__(self, sentence: str, near: Sequence[str] = ()) -> None:
        if near:
            sentence = f"{sentence} Did you mean {either(near)}?"
        super().__init__(sentence, near=list(near))


def either(names: Sequence[str]) -> str:
    """ "A", "A or B", "A, B or C" """
    return " or ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
