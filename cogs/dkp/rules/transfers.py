"""Points from one member to another, decided. Pure."""

from decimal import Decimal

from bot.kit.text import points, safe
from bot.refusals import Refused
from cogs.dkp.rules import Purse, spendable_in_words


class BadTransfer(Refused):
    """Not to this person, or not such an amount."""

    code = "dkp.transfer"


class TransfersOff(Refused):
    code = "dkp.transfers_off"


class CannotAfford(Refused):
    code = "dkp.cannot_afford"


class NoRoom(Refused):
    """It would lead above the receiver's cap: refused whole, nothing is lost on the way."""

    code = "dkp.no_room"


def check_amount(amount: Decimal) -> None:
    if amount <= 0:
        raise BadTransfer("Give more than 0; nobody can take points from another.")


def check_transfer(
    amount: Decimal, giver: Purse, held_on: list[str], receiver: str, has: Decimal, cap: Decimal | None
) -> None:
    """Floor and holds bind the giver, the cap the receiver. `receiver` is safe to show."""
    if amount > giver.spendable:
        raise CannotAfford(f"You can give {spendable_in_words(giver, held_on)}, not {points(amount)}.")
    if cap is not None and has + amount > cap:
        room = max(cap - has, Decimal(0))
        fits = f"{points(room)} more fits" if room else "nothing more fits"
        raise NoRoom(f"{receiver} has {points(has)} and may have {points(cap)} at most: {fits}.")


def check_receiver(name: str, *, oneself: bool, left: bool, claimed: bool, nobody: str | None = None) -> None:
    """`name` is as it was written; `nobody` says why nobody is behind it, where that is so."""
    if oneself:
        raise BadTransfer("Those are yours already: name somebody else.")
    if nobody is not None:
        raise BadTransfer(nobody)
    if left:
        raise BadTransfer(f"{safe(name)} left the server: points are given to people who are here.")
    if not claimed:
        raise BadTransfer(f"Nobody here has claimed {safe(name)} yet: an officer can link them first.")
