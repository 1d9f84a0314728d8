"""The private panel of one person for one auction, opened by the first press and edited in place by later ones.

A line where they stand, a line what they can spend, and what they can press. What asks once asks in the panel too, so
nothing is asked that a restart forgets.
"""

from decimal import Decimal
from typing import Any, Final

import discord
from discord import ui

from bot.kit.components import Form, Pick, Press
from bot.kit.door import Door
from bot.kit.panels import show_my_points
from bot.kit.text import BUTTON_LABEL, SELECT_OPTIONS, clip, fit_lines, plain, points, safe
from bot.stage import Session
from bot.typed import parse_amount
from cogs.auctions.rules.terms import Kind
from cogs.auctions.service import retract
from cogs.auctions.service.bidding import BidAnswer, place_bid
from cogs.auctions.service.looking import MyBids, my_bids, own_bid, panel_of
from cogs.auctions.service.panels import Panel
from cogs.raids.service.roster import check_in

PLACES = 2
"""Decimals a typed amount is read with; the pool then says how many it takes."""
MOST_ANSWERS: Final = 5
"""Buttons that answer under **My points**: one row."""
_ROOM: Final = 900
"""Characters for a person's other bids."""
_CHARACTER_ROW, _ANSWER_ROW = 1, 2


def cents(amount: Decimal) -> int:
    """Buttons carry whole numbers."""
    return int(amount * 100)


async def bid(
    door: Door,
    auction_id: int,
    amount: Decimal,
    character_id: int = 0,
    *,
    typed: bool = False,
    is_maximum: bool = False,
) -> None:
    """Place a bid and show in the panel what came of it: the door of every button, form and command that bids."""
    answer = await place_bid(door.stage, door.actor, auction_id, amount, character_id, typed, is_maximum)
    view = _after_bid(answer, character_id, typed=typed)
    await door.bot.panels.show(door, "auction", auction_id, answer.panel.sentence, view)


async def show(door: Door, auction_id: int, character_id: int = 0, *, first: str = "") -> None:
    """The panel without a bid: where the person stands and what they can spend."""
    panel = await _look(door, auction_id)
    view = _view(panel, character_id or panel.character_id) if panel.can_bid else None
    await door.bot.panels.show(door, "auction", auction_id, f"{first}{panel.sentence}", view)


async def _look(door: Door, auction_id: int) -> Panel:
    return await door.stage.read(door.actor, "auctions.view", lambda session: panel_of(session, auction_id))


# --- drawing ----------------------------------------------------------------------------------------------------------


def _after_bid(answer: BidAnswer, character_id: int, *, typed: bool) -> ui.View | None:
    panel = answer.panel
    if not panel.can_bid:
        return None
    if answer.outcome == "asked":
        amount = f"Bid {points(answer.amount)}"
        bids = _bid(panel.auction_id, answer.amount, character_id, amount, discord.ButtonStyle.danger)
        return _question(panel.auction_id, character_id, bids, _correct(answer, character_id))
    again = _correct(answer, character_id) if typed and answer.outcome == "refused" else None
    view = _view(panel, character_id, again)
    if answer.check_in_raid_id is not None:
        raid_id, style = answer.check_in_raid_id, discord.ButtonStyle.success
        check = CheckIn(auction_id=panel.auction_id, raid_id=raid_id, label="Check in", style=style)
        check.row = _ANSWER_ROW
        view.add_item(check)
    return view


def _correct(answer: BidAnswer, character_id: int) -> "Correct":
    """Gives back what was typed, in the form it was typed into."""
    form = _FORMS.index(_form_of(answer.panel.kind, is_maximum=answer.is_maximum))
    auction_id, amount = answer.panel.auction_id, cents(answer.amount)
    return Correct(auction_id=auction_id, character_id=character_id, cents=amount, form=form, label="Correct it")


def _view(panel: Panel, character_id: int, again: "Correct | None" = None) -> ui.View:
    """One row of what can be pressed, under it for whom. `again` takes the place of an empty form."""
    view, auction_id = ui.View(timeout=None), panel.auction_id
    style = discord.ButtonStyle.secondary if panel.leads else discord.ButtonStyle.success
    if panel.kind.is_sealed:
        label = "Change offer…" if panel.leads else "Offer…"
        view.add_item(again or Offer(auction_id=auction_id, character_id=character_id, label=label, style=style))
    else:
        view.add_item(_bid(auction_id, panel.next_bid, character_id, f"Bid next: {points(panel.next_bid)}", style))
        of_maximum = again is not None and again.values["form"] == _FORMS.index(MaximumAmount)
        other = Other(auction_id=auction_id, character_id=character_id, label="Other…")
        view.add_item(other if again is None or of_maximum else again)
        if panel.takes_maximum:
            maximum = Maximum(auction_id=auction_id, character_id=character_id, label="Max…")
            view.add_item(again if again is not None and of_maximum else maximum)
    if panel.all_in is not None:
        label = f"All in: {points(panel.all_in)}"
        view.add_item(AllIn(auction_id=auction_id, character_id=character_id, label=label))
    if panel.may_retract:
        view.add_item(Retract(auction_id=auction_id, character_id=character_id, label="Retract"))
    if len(panel.characters) > 1:
        chosen = character_id or panel.characters[0][0]
        options = [
            discord.SelectOption(label=clip(plain(name), 100), value=str(number), default=number == chosen)
            for number, name in panel.characters[:SELECT_OPTIONS]
        ]
        pick = ForCharacter(auction_id=auction_id, options=options, placeholder="For which character?")
        pick.row = _CHARACTER_ROW
        view.add_item(pick)
    return view


def _bid(auction_id: int, amount: Decimal, character_id: int, label: str, style: discord.ButtonStyle) -> "BidNow":
    return BidNow(
        auction_id=auction_id,
        cents=cents(amount),
        character_id=character_id,
        label=clip(label, BUTTON_LABEL),
        style=style,
    )


def _question(auction_id: int, character_id: int, *answers: ui.Item[Any]) -> ui.View:
    """What asks once, in the panel's place: the answers and the way back."""
    view = ui.View(timeout=None)
    for answer in answers:
        view.add_item(answer)
    return view.add_item(Back(auction_id=auction_id, character_id=character_id, label="Back"))


# --- buttons ----------------------------------------------------------------------------------------------------------


class BidNow(Press, key="auction.bid", numbers=("auction_id", "cents", "character_id")):
    """Bids an absolute amount, so that a stale press is refused with the new price."""

    async def press(self, door: Door, *, auction_id: int, cents: int, character_id: int, **_: int) -> None:
        await bid(door, auction_id, Decimal(cents) / 100, character_id)


class Other(Press, key="auction.other", numbers=("auction_id", "character_id")):
    async def press(self, door: Door, *, auction_id: int, character_id: int, **_: int) -> None:
        await door.form(OtherAmount(auction_id=auction_id, character_id=character_id))


class Maximum(Press, key="auction.max", numbers=("auction_id", "character_id")):
    """Asks up to where we bid for them; who has a maximum finds it in the form."""

    async def press(self, door: Door, *, auction_id: int, character_id: int, **_: int) -> None:
        own = await door.stage.read(door.actor, "auctions.bid", lambda session: own_bid(session, auction_id))
        texts = {"amount": _typed(own.maximum)} if own.maximum is not None else None
        await door.form(MaximumAmount(auction_id=auction_id, character_id=character_id, texts=texts))


class Offer(Press, key="auction.offer", numbers=("auction_id", "character_id")):
    """Asks how much, where nobody is to see it; who made an offer finds it in the form."""

    async def press(self, door: Door, *, auction_id: int, character_id: int, **_: int) -> None:
        own = await door.stage.read(door.actor, "auctions.bid", lambda session: own_bid(session, auction_id))
        texts = {"amount": _typed(own.amount)} if own.amount is not None else None
        await door.form(OfferAmount(auction_id=auction_id, character_id=character_id, texts=texts))


class Correct(Press, key="auction.correct", numbers=("auction_id", "character_id", "cents", "form")):
    """The form again, with what was typed."""

    async def press(self, door: Door, *, auction_id: int, character_id: int, cents: int, form: int, **_: int) -> None:
        texts = {"amount": _typed(Decimal(cents) / 100)}
        which = _FORMS[form % len(_FORMS)]
        await door.form(which(auction_id=auction_id, character_id=character_id, texts=texts))


class AllIn(Press, key="auction.all_in", numbers=("auction_id", "character_id")):
    """Asks first, with what it would be now."""

    async def press(self, door: Door, *, auction_id: int, character_id: int, **_: int) -> None:
        panel = await _look(door, auction_id)
        if panel.all_in is None or not panel.can_bid:
            await show(door, auction_id, character_id)
            return
        verb, amount = "Offer" if panel.kind.is_sealed else "Bid", points(panel.all_in)
        bids = _bid(auction_id, panel.all_in, character_id, f"{verb} {amount}", discord.ButtonStyle.danger)
        question = f"{panel.sentence}\n**All in**: {verb.lower()} all {amount}, everything you can spend?"
        await door.bot.panels.show(door, "auction", auction_id, question, _question(auction_id, character_id, bids))


class Retract(Press, key="auction.retract", numbers=("auction_id", "character_id")):
    """Asks first: it is not to be pressed by accident."""

    async def press(self, door: Door, *, auction_id: int, character_id: int, **_: int) -> None:
        panel = await _look(door, auction_id)
        if not panel.may_retract or not panel.can_bid:
            await show(door, auction_id, character_id)
            return
        danger = discord.ButtonStyle.danger
        takes = RetractNow(auction_id=auction_id, character_id=character_id, label="Take it back", style=danger)
        what = "your offer" if panel.kind.is_sealed else "what you bid"
        question = f"{panel.sentence}\n**Retract**: take back {what}? It counts no more, whatever others do."
        await door.bot.panels.show(door, "auction", auction_id, question, _question(auction_id, character_id, takes))


class RetractNow(Press, key="auction.retracted", numbers=("auction_id", "character_id")):
    async def press(self, door: Door, *, auction_id: int, character_id: int, **_: int) -> None:
        gone = await retract(door.stage, door.actor, auction_id)
        await show(door, auction_id, character_id, first=f"{gone.in_words()}\n")


class Back(Press, key="auction.panel", numbers=("auction_id", "character_id")):
    """The panel as it stands."""

    async def press(self, door: Door, *, auction_id: int, character_id: int, **_: int) -> None:
        await show(door, auction_id, character_id)


class CheckIn(Press, key="auction.check_in", numbers=("auction_id", "raid_id")):
    """What a refusal offers to who is not at the raid."""

    async def press(self, door: Door, *, auction_id: int, raid_id: int, **_: int) -> None:
        seated = await check_in(door.stage, door.actor, raid_id)
        await show(door, auction_id, first=f"You are checked in to {safe(seated.raid_name)}.\n")


class ForCharacter(Pick, key="auction.character", numbers=("auction_id",)):
    async def pick(self, door: Door, chosen: list[str], *, auction_id: int, **_: int) -> None:
        await show(door, auction_id, int(chosen[0]))


# --- forms ------------------------------------------------------------------------------------------------------------


def _amount(label: str, placeholder: str) -> dict[str, ui.TextInput[Any]]:
    return {"amount": ui.TextInput(label=label, placeholder=placeholder, max_length=20)}


def _typed(amount: Decimal) -> str:
    """As somebody would type it: a form reads no thousands."""
    return f"{amount.normalize():f}"


class OtherAmount(Form, key="auction.amount", title="Bid another amount", numbers=("auction_id", "character_id")):
    def fields(self) -> dict[str, ui.TextInput[Any]]:
        return _amount("Your bid", "45")

    async def submit(self, door: Door, texts: dict[str, str], *, auction_id: int, character_id: int, **_: int) -> None:
        await bid(door, auction_id, parse_amount(texts["amount"], decimals=PLACES), character_id, typed=True)


class MaximumAmount(Form, key="auction.maximum", title="Max bid", numbers=("auction_id", "character_id")):
    def fields(self) -> dict[str, ui.TextInput[Any]]:
        return _amount("Bid for me up to (seen by you alone)", "100")

    async def submit(self, door: Door, texts: dict[str, str], *, auction_id: int, character_id: int, **_: int) -> None:
        amount = parse_amount(texts["amount"], decimals=PLACES)
        await bid(door, auction_id, amount, character_id, typed=True, is_maximum=True)


class OfferAmount(Form, key="auction.offered", title="Make an offer", numbers=("auction_id", "character_id")):
    def fields(self) -> dict[str, ui.TextInput[Any]]:
        return _amount("Your offer (nobody sees it before the end)", "45")

    async def submit(self, door: Door, texts: dict[str, str], *, auction_id: int, character_id: int, **_: int) -> None:
        await bid(door, auction_id, parse_amount(texts["amount"], decimals=PLACES), character_id, typed=True)


_FORMS: tuple[type[Form], ...] = (OtherAmount, MaximumAmount, OfferAmount)
"""By number, as **Correct it** carries it."""


def _form_of(kind: Kind, *, is_maximum: bool) -> type[Form]:
    if is_maximum:
        return MaximumAmount
    return OfferAmount if kind.is_sealed else OtherAmount


# --- My points --------------------------------------------------------------------------------------------------------


class MyPoints(Press, key="auction.points", numbers=("auction_id",)):
    """The panel of this auction, and below it everything else one has bid on."""

    async def press(self, door: Door, *, auction_id: int, **_: int) -> None:
        await _show_all(door, auction_id)


class Answer(Press, key="auction.answer", numbers=("auction_id", "cents", "character_id", "under")):
    """Bids where one is outbid, and says what came of it where it was pressed: in the panel of the auction `under`
    which it stands, 0: under somebody's points."""

    async def press(self, door: Door, *, auction_id: int, cents: int, character_id: int, under: int, **_: int) -> None:
        answer = await place_bid(door.stage, door.actor, auction_id, Decimal(cents) / 100, character_id)
        if under:
            await _show_all(door, under, first=f"{answer.panel.sentence}\n")
        else:
            await show_my_points(door, answer.panel.sentence)


async def _show_all(door: Door, auction_id: int, *, first: str = "") -> None:
    async def look(session: Session) -> tuple[Panel, MyBids]:
        return await panel_of(session, auction_id), await my_bids(session, besides=auction_id)

    panel, bids = await door.stage.read(door.actor, "auctions.view", look)
    view = _view(panel, panel.character_id) if panel.can_bid else ui.View(timeout=None)
    lines, answers = _answers(bids, auction_id)
    for answer in answers:
        answer.row = _ANSWER_ROW
        view.add_item(answer)
    text = f"{first}{panel.sentence}\n{lines}".rstrip()
    await door.bot.panels.show(door, "auction", auction_id, text, view if view.children else None)


async def my_part(session: Session) -> tuple[str, list[ui.Item[Any]]]:
    """What auctions add to **My points** wherever it is pressed."""
    if not session.may("auctions.view"):
        return "", []
    lines, answers = _answers(await my_bids(session))
    return lines, list(answers)


def _answers(bids: MyBids, under: int = 0) -> tuple[str, list[Answer]]:
    """The lines, and a button for each of the first that can be answered."""
    lines = list(bids.lines)
    if len(bids.outbid) > MOST_ANSWERS:
        lines.insert(0, f"You are outbid on {len(bids.outbid)}; buttons answer the {MOST_ANSWERS} that end first.")
    answers = [
        Answer(
            auction_id=one.auction_id,
            cents=cents(one.next_bid),
            character_id=one.character_id,
            under=under,
            label=f"Bid {points(one.next_bid)} on {plain(one.item_name)}",
            style=discord.ButtonStyle.success,
        )
        for one in bids.outbid[:MOST_ANSWERS]
    ]
    return fit_lines(lines, _ROOM), answers
