"""Any sequence of what happens in an auction house: after every step holds and balances are exact.

The plays are the same each time; AUCTION_MACHINE_EXAMPLES=500 plays that many others.
"""

import os

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.services.test_auction_machine.always import AlwaysTrue
from tests.services.test_points_machine.played import World

EXAMPLES = int(os.environ.get("AUCTION_MACHINE_EXAMPLES", "0"))
ALWAYS_COMES_ABOUT = ("auction", "bid", "maximum", "accepted: None", "refused: too_low", "left", "adjust")
"""In few plays, of which each has some of the rules switched off; a long run must show the rest, too."""
MUST_COME_ABOUT = (
    "auction", "bid", "maximum", "accepted: None", "refused: too_low", "refused: cannot_afford", "retract", "void",
    "pause", "resume", "close", "cancel", "extend", "left", "adjust", "award undone",
)  # fmt: skip


def test_whatever_happens_in_an_auction_house_holds_and_balances_are_exact(world: World) -> None:
    machine = type("Played", (AlwaysTrue,), {"world": world})
    how = settings(
        max_examples=EXAMPLES or 25,
        stateful_step_count=45,
        deadline=None,
        derandomize=not EXAMPLES,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )
    run_state_machine_as_test(machine, settings=how)
    wanted = MUST_COME_ABOUT if EXAMPLES >= 200 else ALWAYS_COMES_ABOUT
    missing = [name for name in wanted if not world.done[name]]
    assert not missing, f"{missing} never came about: {world.done}"
