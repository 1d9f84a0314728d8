"""Linked, unlinked, posted and undone in whatever order: people have what their own movements add up to."""

from collections import defaultdict
from decimal import Decimal
from itertools import count

import asyncpg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from bot.refusals import Refused
from bot.stage import Actor, Session, Stage
from cogs.dkp.service import ledger
from cogs.members.service import linking
from cogs.members.service.unlinking import LinkUndo
from db.tables import Account, LedgerEntry, Member

GUILDS = count(5000)
OLD, HERE = (0, 1), (2, 3)
"""Two unclaimed people, and two with a Discord account."""
WHO = st.integers(0, 3)
CENTS = st.integers(-(10**6), 10**6).filter(bool).map(lambda cents: Decimal(cents) / 100)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("post"), WHO, CENTS),
        st.tuples(st.just("reverse"), st.sets(st.integers(0, 6), min_size=1, max_size=3)),
        st.tuples(st.just("link"), st.sampled_from(OLD), st.sampled_from(HERE)),
        st.tuples(st.just("unlink"), st.sampled_from(OLD)),
    ),
    min_size=1,
    max_size=14,
)


class Guild:
    """Four people, and what a plain sum over their own movements says."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.actor = stage, Actor.itself(next(GUILDS))
        self.own: dict[int, Decimal] = defaultdict(Decimal)
        """What was posted to a person's own row, by person."""
        self.entries: list[int] = []
        self.moved: dict[int, tuple[int, Decimal]] = {}
        self.links: dict[int, tuple[int, int]] = {}
        """(link, claimer) by the unclaimed person."""

    async def fill(self, session: Session) -> None:
        self.pool_id = (await ledger.default_pool(session)).pool_id
        members = [
            Member(
                guild_id=session.guild_id,
                discord_user_id=None if who in OLD else who,
                display_name=f"P{who}",
                name_key=f"p{who}",
                joined_at=session.now,
            )
            for who in (*OLD, *HERE)
        ]
        session.add_all(members)
        await session.flush()
        self.ids = [member.member_id for member in members]

    async def play(self, what: str, *how) -> None:
        try:
            await self.stage.run(self.actor, lambda session: getattr(self, what)(session, *how))
        except Refused:
            pass

    async def post(self, session: Session, who: int, amount: Decimal) -> None:
        who = self.links.get(who, (0, who))[1]  # somebody absorbed stands for the absorber
        key = (self.pool_id, self.ids[who])
        entry = ledger.NewEntry(
            *key, "adjustment", amount, "because", "officer", None, f"e{len(self.entries)}", f"P{who}"
        )
        [posted] = await ledger.post(session, [entry], await ledger.lock_accounts(session, [key]))
        assert posted.entry_id is not None
        self.own[who] += amount
        self.entries.append(posted.entry_id)
        self.moved[posted.entry_id] = (who, amount)

    async def reverse(self, session: Session, which: set[int]) -> None:
        chosen = {self.entries[number] for number in which if number < len(self.entries)}
        fresh = chosen - await ledger.reversed_among(session, chosen)
        if not fresh:
            return
        await ledger.reverse(session, chosen, "a mistake")
        written = select(LedgerEntry.entry_id, LedgerEntry.reverses_entry_id).where(
            LedgerEntry.guild_id == session.guild_id, LedgerEntry.reverses_entry_id.in_(fresh)
        )
        for reversal_id, entry_id in await session.execute(written):
            who, amount = self.moved[entry_id]
            self.own[who] -= amount
            self.entries.append(reversal_id)
            self.moved[reversal_id] = (who, -amount)

    async def link(self, session: Session, old: int, new: int) -> None:
        done = await linking.absorb(session, self.ids[old], self.ids[new], "it is them", None)
        self.links[old] = (done.link_id, new)

    async def unlink(self, session: Session, old: int) -> None:
        if old in self.links:
            await LinkUndo().undo(session, self.links[old][0], "it is not them")
            del self.links[old]

    def expected(self) -> dict[int, Decimal]:
        has = {who: self.own[who] for who in (*OLD, *HERE)}
        for old, (_, new) in self.links.items():
            has[new] += has[old]
            has[old] = Decimal(0)
        return has

    async def check(self, session: Session) -> None:
        query = select(Account.member_id, Account.balance).where(Account.guild_id == session.guild_id)
        balances = dict((await session.execute(query)).tuples().all())
        for who, amount in self.expected().items():
            assert balances.get(self.ids[who], Decimal(0)) == amount, f"P{who}"
        assert sum(balances.values(), Decimal(0)) == sum(self.own.values(), Decimal(0)), "sums stay"
        assert await ledger.imbalances(session) == []
        assert await linking.problems(session) == []


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
async def test_links_and_their_undoing_move_points_and_change_no_sum(
    stage: Stage, owner: asyncpg.Connection, steps: list[tuple]
) -> None:
    guild = Guild(stage)
    await stage.run(guild.actor, guild.fill)
    for step in steps:
        await guild.play(*step)
        await stage.run(guild.actor, guild.check)
