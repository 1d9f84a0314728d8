"""The card of a claim: who says that which character is them, what would go over, **Accept** and **Refuse**."""

from typing import Any

import discord
from discord import ui

from bot.kit.ask import ask, yes
from bot.kit.components import Press
from bot.kit.door import Door
from bot.kit.text import clip, points, safe, when
from bot.stage import Actor, Stage
from cogs.members.service import claims
from cogs.members.service.claims import ClaimCard
from cogs.members.service.linking import named

_COLOURS = {"open": 0xE0A030, "accepted": 0x3BA55D, "refused": 0x72767D}
_NAME = 60


class ClaimBoard:
    async def draw(self, stage: Stage, guild_id: int, subject_id: int) -> tuple[ui.LayoutView, bool] | None:
        card = await stage.run(Actor.itself(guild_id), lambda session: claims.card_of(session, subject_id))
        return None if card is None else (board(card), card.status == "open")


def board(card: ClaimCard) -> ui.LayoutView:
    """The card as it stands; a claim that was answered has no buttons."""
    view = ui.LayoutView(timeout=None)
    box: ui.Container[Any] = ui.Container(accent_colour=_COLOURS[card.status])
    claimer, character, owner = (safe(clip(name, _NAME)) for name in (card.claimer, card.character, card.owner))
    kind = " ".join(part for part in (safe(card.character_class or ""), str(card.level or "")) if part)
    head = f"**{claimer}** says: **{character}**{f' ({kind})' if kind else ''} is me."
    if character != owner:
        head += f"\n{character} is {owner}’s, who has no Discord account here."
    box.add_item(ui.TextDisplay(f"## A claim\n{head}"))
    box.add_item(ui.TextDisplay(_state(card)))
    if card.status == "open":
        row = ui.ActionRow[Any]()
        row.add_item(AcceptClaim(claim_id=card.claim_id, label="Accept", style=discord.ButtonStyle.success))
        row.add_item(RefuseClaim(claim_id=card.claim_id, label="Refuse"))
        box.add_item(row)
    view.add_item(box)
    return view


def _state(card: ClaimCard) -> str:
    if card.status == "open":
        amounts = ", ".join(f"{points(amount)} {safe(pool)}" for pool, amount in card.points) or "no points"
        lines = [f"Accepting moves to them: {amounts}; {named(card.characters) or 'no character'}."]
        return "\n".join([*lines, f"-# Claimed {when(card.made_at)}. Officers answer."])
    by = f" by {safe(card.decided_by)}" if card.decided_by else ""
    outcome = "Accepted" if card.status == "accepted" else "Refused"
    undone = " Undone later." if card.undone else ""
    return f"**{outcome}**{by} {when(card.decided_at or card.made_at, 'f')}.{undone}"


class AcceptClaim(Press, key="character_claim.accept", numbers=("claim_id",)):
    """Asks once, with what goes over; then the first yes counts."""

    async def press(self, door: Door, **numbers: int) -> None:
        claim_id = numbers["claim_id"]
        over = await door.stage.read(
            door.actor, "members.link", lambda session: claims.preview_claim(session, claim_id)
        )

        async def accept(pressed: Door) -> None:
            done = await claims.accept_claim(door.stage, pressed.actor, claim_id, pressed.channel_id)
            await pressed.say(done.in_words())

        await ask(door, over.question(), [yes("Accept it", accept)])


class RefuseClaim(Press, key="character_claim.refuse", numbers=("claim_id",)):
    async def press(self, door: Door, **numbers: int) -> None:
        await door.say(await claims.refuse_claim(door.stage, door.actor, numbers["claim_id"]))
