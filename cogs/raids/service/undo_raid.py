"""A whole raid undone by `/dkp undo`: its ticks as `/raid cancel` takes them back, and with its loot or without."""

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import select

from bot.kit.text import points, safe
from bot.registry import Choice
from bot.stage import Session
from bot.typed import name_key
from cogs.dkp.rules import check_reason
from cogs.dkp.service import ledger
from cogs.raids.rules import RaidWasCancelled
from cogs.raids.service import credit as paying
from cogs.raids.service.evening import awards, cancel_notice, preview_cancel, take_back
from cogs.raids.service.lookups import lock_raid, raid_choices
from db.tables import Award, Raid


class RaidUndo:
    """Raids as `/dkp undo` sees them; `loot`: their awards are undone too."""

    def __init__(self, *, loot: bool) -> None:
        self.loot = loot

    async def recent(self, session: Session, typed: str) -> list[Choice]:
        key, ids = name_key(typed), await self._open(session)
        found = [Choice(choice.label, choice.value.lstrip("#")) for choice in await raid_choices(session)]
        return [choice for choice in found if int(choice.value) in ids and key in name_key(choice.label)]

    async def _open(self, session: Session) -> set[int]:
        """Raids that have something to undo this way."""
        query = select(Raid.raid_id).where(Raid.guild_id == session.guild_id, Raid.status != "cancelled")
        if self.loot:
            query = select(Award.raid_id).where(
                Award.guild_id == session.guild_id, Award.raid_id.is_not(None), Award.undone_at.is_(None)
            )
        return {raid_id for raid_id in (await session.execute(query)).scalars() if raid_id is not None}

    async def preview(self, session: Session, act_id: int) -> list[str]:
        found, left = await preview_cancel(session, act_id), await awards(session, act_id)
        self._check(found.already, found.raid_name, left)
        lines, entries = [], set()
        if not found.already:
            ticks = "1 tick" if found.ticks == 1 else f"{found.ticks} ticks"
            lines.append(
                f"{safe(found.raid_name)} goes out of attendance; {ticks},"
                f" {points(found.points)} points are taken back."
            )
            standing = [tick.tick_id for tick in await paying.standing_ticks(session, act_id)]
            entries.update(await paying.entries_of(session, standing))
        if found.open_auctions:
            auctions = "1 open auction is" if found.open_auctions == 1 else f"{found.open_auctions} open auctions are"
            lines.append(f"{auctions} cancelled, and the bidders told.")
        if left and self.loot:
            lines.append(f"{_awards(left)} undone: {points(found.award_points)} points go back.")
            entries.update(award.entry_id for award in left if award.entry_id is not None)
        elif left:
            one = len(left) == 1
            lines.append(
                f"{_awards(left)} left as {'it is' if one else 'they are'} ({points(found.award_points)} points):"
                " “raid and loot” undoes them too."
            )
        return lines + await ledger.what_follows(session, entries)

    async def undo(self, session: Session, act_id: int, reason: str) -> str:
        reason = check_reason(reason)
        raid = await lock_raid(session, act_id)
        left = await self._lock_awards(session, raid) if self.loot else []
        self._check(raid.status == "cancelled", raid.name, left)
        await self._lock_accounts(session, raid, left)
        done = []
        if raid.status != "cancelled":
            done.append(cancel_notice(await take_back(session, raid, reason)))
        undoable = session.stage.registry.undo["award"]
        for award in left:
            await undoable.undo(session, award.award_id, reason)
        if left:
            total = sum((award.cost for award in left), Decimal(0))
            done.append(f"{_awards(left)} undone: {points(total)} points went back.")
        return " ".join(done)

    def _check(self, cancelled: bool, name: str, left: Sequence[Award]) -> None:
        if cancelled and not (self.loot and left):
            raise RaidWasCancelled(f"{safe(name)} was cancelled already; nothing changed.")

    async def _lock_awards(self, session: Session, raid: Raid) -> Sequence[Award]:
        query = (
            select(Award)
            .where(Award.guild_id == session.guild_id, Award.raid_id == raid.raid_id, Award.undone_at.is_(None))
            .order_by(Award.award_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        return (await session.execute(query)).scalars().all()

    async def _lock_accounts(self, session: Session, raid: Raid, left: Sequence[Award]) -> None:
        """Everything that ticks and awards moved, in one statement: what follows locks it again for nothing."""
        standing = [tick.tick_id for tick in await paying.standing_ticks(session, raid.raid_id)]
        entries = await ledger.load_entries(session, await paying.entries_of(session, standing))
        keys = {(entry.pool_id, entry.member_id) for entry in entries}
        keys |= {(award.pool_id, award.member_id) for award in left}
        links = await ledger.links_of(session, {member_id for _, member_id in keys})
        theirs = {(pool_id, links[member_id].to_member_id) for pool_id, member_id in keys if member_id in links}
        await ledger.lock_accounts(session, keys | theirs)


def _awards(left: Sequence[Award]) -> str:
    return "1 award is" if len(left) == 1 else f"{len(left)} awards are"
