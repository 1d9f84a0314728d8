"""Claims: the card in the raid's channel with **Accept** and **Refuse**, and what the member is answered."""

from typing import Any

import discord
from discord import ui

from bot.kit.components import Form, Press
from bot.kit.door import Door
from bot.kit.text import clip, points, safe, when
from bot.refusals import NotFound
from bot.stage import Actor, Session, Stage
from cogs.raids.rules.claims import ACCEPTED, LAPSED, OPEN, REFUSED
from cogs.raids.service import claims
from cogs.raids.service.claims import ClaimAnswered, ClaimCard, ClaimMade, ticks_in_words

_COLOURS = {OPEN: 0xE0A030, ACCEPTED: 0x3BA55D, REFUSED: 0xED4245, LAPSED: 0x72767D}


class ClaimBoard:
    async def draw(self, stage: Stage, guild_id: int, subject_id: int) -> tuple[ui.LayoutView, bool] | None:
        try:
            shown = await stage.run(Actor.itself(guild_id), lambda session: claims.load_claim(session, subject_id))
        except NotFound:
            return None
        return board(shown), shown.status == OPEN


def board(shown: ClaimCard) -> ui.LayoutView:
    """The claim as it stands; once it is decided it has no buttons."""
    view = ui.LayoutView(timeout=None)
    box: ui.Container[Any] = ui.Container(accent_colour=_COLOURS[shown.status])
    said = safe(clip(shown.note, 500))
    head = f"### {safe(clip(shown.name, 60))}: “I was there”"
    box.add_item(ui.TextDisplay(f"{head}\n{safe(clip(shown.raid_name, 100))} · {_what(shown)}\n> {said}"))
    box.add_item(ui.TextDisplay(f"-# {_state(shown)}"))
    if shown.status == OPEN:
        row, claim_id = ui.ActionRow[Any](), shown.raid_claim_id
        row.add_item(AcceptClaim(raid_claim_id=claim_id, label="Accept", style=discord.ButtonStyle.success))
        row.add_item(RefuseClaim(raid_claim_id=claim_id, label="Refuse"))
        box.add_item(row)
    view.add_item(box)
    return view


def _what(shown: ClaimCard) -> str:
    if shown.status == OPEN and shown.raid_status == "cancelled":
        return "the raid was cancelled, so it pays nobody"
    if not shown.tick_numbers:
        return "credited by now" if shown.status == OPEN else "no tick credited by it"
    what = f"{ticks_in_words(shown.tick_numbers)}, {points(shown.worth)} points"
    return f"accepting credits {what}" if shown.status == OPEN else what


def _state(shown: ClaimCard) -> str:
    by = f" by {safe(clip(shown.decided_by, 60))}" if shown.decided_by else ""
    at = f" {when(shown.decided_at)}" if shown.decided_at else ""
    match shown.status:
        case "accepted":
            return f"✓ Accepted{by}{at}"
        case "refused":
            return f"✕ Refused{by}{at}" + (f": {safe(clip(shown.refused_reason, 500))}" if shown.refused_reason else "")
        case "lapsed":
            return f"Lapsed{at}: nobody answered within 72 hours"
    return f"Claimed {when(shown.made_at)} · a raid leader answers it, or it lapses {when(shown.lapses_at)}"


def made_in_words(made: ClaimMade) -> str:
    return (
        f"Claimed: {ticks_in_words(made.tick_numbers)} of {safe(made.raid_name)}. Raid leaders see it in"
        f" <#{made.channel_id}> and answer until {when(made.lapses_at, 'f')}; I tell you what they say."
    )


def _answered_in_words(done: ClaimAnswered) -> str:
    if not done.accepted:
        return f"Refused: the claim of {done.name} for {safe(done.raid_name)}. They are told."
    if not done.tick_numbers:
        return f"Accepted, and nothing to pay: {done.name} was credited meanwhile."
    cut = f" ({points(done.cut)} above the cap were cut)" if done.cut else ""
    what = f"{ticks_in_words(done.tick_numbers)} of {safe(done.raid_name)}, {points(done.total)} points{cut}"
    return f"Accepted: {done.name} is credited with {what}."


class AcceptClaim(Press, key="raid_claim.accept", numbers=("raid_claim_id",)):
    async def press(self, door: Door, *, raid_claim_id: int, **_: int) -> None:
        await door.say(_answered_in_words(await claims.accept_claim(door.stage, door.actor, raid_claim_id)))


class RefuseClaim(Press, key="raid_claim.refuse", numbers=("raid_claim_id",)):
    async def press(self, door: Door, *, raid_claim_id: int, **_: int) -> None:
        async def look(session: Session) -> None:
            await claims.check_open(session, raid_claim_id)

        await door.stage.read(door.actor, "raids.manage", look)
        await door.form(RefuseForm(raid_claim_id=raid_claim_id))


class RefuseForm(Form, key="raid_claim.refuse", numbers=("raid_claim_id",), title="Refuse this claim"):
    def fields(self) -> dict[str, ui.TextInput[Any]]:
        why = ui.TextInput[Any](
            label="Why? They will read it",
            placeholder="we had nobody on the follow list at nine",
            required=False,
            max_length=500,
        )
        return {"reason": why}

    async def submit(self, door: Door, texts: dict[str, str], *, raid_claim_id: int, **_: int) -> None:
        done = await claims.refuse_claim(door.stage, door.actor, raid_claim_id, texts.get("reason") or None)
        await door.say(_answered_in_words(done))
