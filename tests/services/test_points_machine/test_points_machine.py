"""Any sequence of what a guild does with points, played by the real use cases: every figure stays the sum of its parts.

To add an act: a method with `@rule`, in the module of its slice, which calls the use case through `self.does`. What
must always be true is in `always`; what an act itself must keep is asserted in its rule. The plays are the same each
time; POINTS_MACHINE_EXAMPLES=500 plays that many others.
"""

import os

from tests.services.test_points_machine.always import Always
from tests.services.test_points_machine.decaying import Decays
from tests.services.test_points_machine.moving import Moving
from tests.services.test_points_machine.people import People
from tests.services.test_points_machine.played import World, play
from tests.services.test_points_machine.points import Points
from tests.services.test_points_machine.raids import Raids
from tests.services.test_points_machine.undoing import KINDS, Undoing

EXAMPLES = int(os.environ.get("POINTS_MACHINE_EXAMPLES", "0"))
ALWAYS_COMES_ABOUT = ("tick", "bid", "batch", "transfer", "decay", "link", "import")
MUST_COME_ABOUT = (
    "tick", "credit", "file", "new person", "name linked", "names credited", "raid claim accepted", "cancel", "bid",
    "item given", "adjust", "batch", "transfer", "decay", "decay, earned only", "decay by schedule", "link",
    "claim accepted", "import", *(f"{kind} undone" for kind in KINDS),
)  # fmt: skip


class PointsMachine(Raids, Points, Decays, People, Moving, Undoing, Always):
    """Every act of every slice."""


def test_whatever_a_guild_does_with_points_every_figure_stays_the_sum_of_its_parts(world: World) -> None:
    play(world, PointsMachine, EXAMPLES, always=ALWAYS_COMES_ABOUT, sometimes=MUST_COME_ABOUT)
