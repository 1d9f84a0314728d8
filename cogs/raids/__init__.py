"""Raid nights: who is there, when, and what it pays.

A raid is *running*, then *ended* or *cancelled*; an ended one runs again within 24 hours. People on its roster are
present, on standby, left, excused, absent or removed. A tick is a moment with a value: it credits each person at most
once, whatever the sources (a press, voice, a dump, a leader's word), and pays in the transaction that takes it. Ticks
are undone, never deleted. Names of a file that lead to nobody wait in a queue until a leader sorts them out; who was
missed claims a tick, and a leader or 72 hours decide. Who is neither member nor trial is listed and credited only on a
leader's **Add**.

Every use case locks the raid's row first, then all accounts it touches in one statement.
"""

from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from bot.kit.text import points, safe
from bot.registry import AuditLine, Notice
from cogs.raids import jobs
from cogs.raids.cog import Raids
from cogs.raids.service import checking, claims, evening, personal, roster, ticks
from cogs.raids.service.explaining import explain_tick
from cogs.raids.service.undo import TickUndo, doctor
from cogs.raids.service.undo_raid import RaidUndo
from cogs.raids.views import board, lead, names
from cogs.raids.views import claims as claim_views
from cogs.raids.views import ticks as tick_views
from cogs.raids.views.voice import listen

if TYPE_CHECKING:
    from bot.app import Quartermaster

_SENTENCES = {
    "raids.started": "{actor} began {raid}, {points} points a tick",
    "raids.checked_in": "{about} checked in to {raid}",
    "raids.stood_by": "{about} went on standby for {raid}",
    "raids.left": "{about} left {raid}",
    "raids.added": "{actor} put {about} on the roster of {raid} as {status}",
    "raids.brought_in": "{actor} brought {about} in from standby at {raid}",
    "raids.removed": "{actor} took {about} off the roster of {raid}",
    "raids.tick.taken": "{actor} took tick {number} of {raid}: {people} people, {points} points",
    "raids.tick.undone": "{actor} undid tick {number} of {raid}: {people} people, {points} points taken back",
    "raids.credited": "{actor} credited {about} afterwards at {raid}: {points} points",
    "raids.imported": "{actor} imported a file into {raid}: {people} people, {points} points",
    "raids.loot_recorded": "{actor} recorded {number} awards of {raid} from a log: {points} points",
    "raids.file_zone": "{actor} said their files are in {zone}",
    "raids.name.linked": "{actor} found out that {name} is {about}",
    "raids.name.ignored": "{actor} ignored the name {name}",
    "raids.name.brought_back": "{actor} brought back ignored names: {name}",
    "raids.name.credited": "{actor} sorted names out: {about} got {points} points at {raid}",
    "raids.claim.made": "{about} claimed to have been at {raid}",
    "raids.claim.accepted": "{actor} accepted the claim of {about} for {raid}: {points} points",
    "raids.claim.refused": "{actor} refused the claim of {about} for {raid}",
    "raids.claim.lapsed": "the claim of {about} for {raid} lapsed",
    "raids.ended": "{actor} ended {raid}: {people} people, {ticks} ticks, {points} points",
    "raids.reopened": "{actor} opened {raid} again",
    "raids.cancelled": "{actor} cancelled {raid}: {ticks} ticks, {points} points taken back",
}


def _sentence(template: str, line: AuditLine) -> str:
    words = {name: safe(value) if isinstance(value, str) else value for name, value in line.after.items()}
    if "points" in words:
        words["points"] = points(Decimal(line.after["points"]))
    because = f" ({safe(line.reason)})" if line.reason else ""
    return template.format(**words, actor=line.actor, about=line.about) + because


async def setup(bot: "Quartermaster") -> None:
    registry = bot.stage.registry
    registry.due[ticks.AUTOMATIC] = jobs.TickDue(partial(listen, bot))
    registry.due[evening.CANCELLED] = jobs.raid_cancelled
    registry.undo |= {"tick": TickUndo(), "raid": RaidUndo(loot=False), "raid and loot": RaidUndo(loot=True)}
    registry.explain["tick"] = explain_tick
    registry.due[claims.LAPSE] = jobs.claim_lapsed
    registry.cancelled_raids.append(claims.refuse_of_cancelled)
    registry.boards["raid"] = board.RaidBoard()
    registry.boards["raid_claim"] = claim_views.ClaimBoard()
    registry.doctor["undone ticks are reversed"] = doctor
    registry.doctor["claims and sorted out names are credited"] = checking.doctor
    registry.notices[claims.NOTICE] = Notice("answers to your raid claims")
    registry.exports |= {"raids": personal.export_rosters, "ticks": personal.export_ticks}
    registry.exports["raid claims"] = personal.export_claims
    registry.forget.append(personal.forget)
    registry.leavers.append(roster.leave_running_raids)
    registry.sentences |= {action: partial(_sentence, template) for action, template in _SENTENCES.items()}
    bot.add_buttons(board.CheckIn, board.StandBy, board.Leave, board.MyPoints, lead.Lead)
    bot.add_buttons(lead.LeadTick, lead.LeadImport, lead.LeadBringIn, lead.LeadRemove, lead.LeadDown, lead.LeadEnd)
    bot.add_buttons(lead.PickBench, lead.PickRemoved, tick_views.AddSeen, tick_views.UndoTick)
    bot.add_buttons(claim_views.AcceptClaim, claim_views.RefuseClaim, names.SortOut, names.LinkName, names.NewPerson)
    bot.add_buttons(names.SomebodyElse, names.IgnoreName, names.NextName, names.CreditKnown, names.BringBack)
    await bot.add_cog(Raids())
