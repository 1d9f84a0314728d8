"""Attendance at 10,000 and 1,000,000 credits: a window costs what its days hold, not what lies before them.

Both sizes have the same last 90 days (50 raids of 5 ticks, 40 of 200 people credited by each: 10,000 rows). The larger
has 99 times as much history before them. A lifetime reads all of it, and is measured to say so.
"""

import time
from collections.abc import Awaitable, Callable

import asyncpg

from bot.clock import SystemClock
from bot.registry import Registry
from bot.stage import Actor, Session, Stage
from cogs.attendance.service import exports
from cogs.attendance.service.figures import eligible, figures, reaches, record_of
from cogs.attendance.service.standings import leaderboard
from db.embedded import EmbeddedPostgres
from db.migrate import migrate
from db.scope import Database
from tests.bench.recording import percentile

MEMBERS, VETERANS, TICKS, CREDITED = 200, 180, 5, 40
"""The last 20 came with the last 50 raids."""
SIZES = (10_000, 1_000_000)
ROUNDS, FEW_ROUNDS = 200, 10

_ROTATING = f"CASE WHEN r > {{raids}} - 50 THEN {MEMBERS} ELSE {VETERANS} END"
"""How many take turns at a raid."""
_FILL = """
    INSERT INTO guild (guild_id, name, joined_at) VALUES (1, 'G', now() - interval '30 years');
    INSERT INTO pool (guild_id, pool_id, name, name_key, is_default, created_at)
        OVERRIDING SYSTEM VALUE VALUES (1, 1, 'DKP', 'dkp', true, now());
    INSERT INTO event (guild_id, event_id, name, name_key, last_used_at)
        OVERRIDING SYSTEM VALUE VALUES (1, 1, 'Fear', 'fear', now());
    INSERT INTO member (guild_id, member_id, discord_user_id, display_name, name_key, role_group, joined_at,
                        last_credit_at, became_member_at)
        OVERRIDING SYSTEM VALUE
        SELECT 1, n, n, 'Raider ' || n, 'raider ' || n, 'member', now() - interval '30 years', now(),
               CASE WHEN n % 2 = 0 THEN now() - interval '30 years' END
        FROM generate_series(1, {members}) n;
    INSERT INTO stay (guild_id, member_id, started_at, ended_at)
        SELECT 1, n, now() - interval '30 years', CASE WHEN n % 20 = 0 THEN now() - interval '50 days' END
        FROM generate_series(1, {members}) n;
    INSERT INTO stay (guild_id, member_id, started_at)
        SELECT 1, n, now() - interval '40 days' FROM generate_series(20, {members}, 20) n;
    INSERT INTO raid (guild_id, raid_id, event_id, pool_id, name, status, tick_points, channel_id, started_at,
                      started_by_user_id, ended_at)
        OVERRIDING SYSTEM VALUE
        SELECT 1, n, 1, 1, 'Fear', 'ended', 10, 7, now() - ({raids} - n) * interval '43 hours', 7, now()
        FROM generate_series(1, {raids}) n;
    INSERT INTO raid_member (guild_id, raid_id, member_id, status)
        SELECT 1, r, 1 + (r * 7 + n) % {rotating}, CASE WHEN n > {credited} THEN 'excused' ELSE 'present' END
        FROM generate_series(1, {raids}) r, generate_series(1, {credited} + 4) n;
    INSERT INTO tick (guild_id, tick_id, raid_id, number, value, source, taken_at)
        OVERRIDING SYSTEM VALUE
        SELECT 1, (r - 1) * {ticks} + t, r, t, 10, 'button', now() FROM generate_series(1, {raids}) r,
               generate_series(1, {ticks}) t;
    INSERT INTO tick_credit (guild_id, tick_id, member_id, evidence)
        SELECT 1, (r - 1) * {ticks} + t, 1 + (r * 7 + n) % {rotating}, 'button'
        FROM generate_series(1, {raids}) r, generate_series(1, {ticks}) t, generate_series(1, {credited}) n;
"""

Look = Callable[[Session], Awaitable[object]]


async def _show(session: Session) -> object:
    return await record_of(session, session.member)


WINDOWED: dict[str, Look] = {
    "one person, 30 days": lambda session: reaches(session, 7, 15),
    "one person, 7 to 90": lambda session: figures(session, [7], (7, 30, 60, 90)),
    "who may vote": lambda session: eligible(session, 15),
    "leaderboard, 30 days": lambda session: leaderboard(session, 30),
    "leaderboard, 90 days": lambda session: leaderboard(session, 90),
}
LIFETIME: dict[str, Look] = {
    "show, with lifetime": _show,
    "leaderboard, lifetime": lambda session: leaderboard(session, None),
    "export": exports.export,
}


async def run(server: EmbeddedPostgres) -> None:
    stages: list[Stage] = []
    for total in SIZES:
        name = f"attendance_{total}"
        await server.ensure_database(name)
        await migrate(server.url(name))
        await fill(server, name, total)
        stages.append(Stage(Database(server.url(name)), SystemClock(), Registry()))
    for what, look in (WINDOWED | LIFETIME).items():
        medians = await _medians(stages, look, ROUNDS if what in WINDOWED else FEW_ROUNDS)
        for total, median in zip(SIZES, medians, strict=True):
            print(f"{what:22} at {total:>9,} credits: p50 {median * 1e3:8.2f} ms")
        print(f"{what:22} ratio {SIZES[1]:,} / {SIZES[0]:,}: {medians[1] / medians[0]:.2f}")
    for stage in stages:
        await stage.db.close()


async def fill(server: EmbeddedPostgres, name: str, total: int) -> None:
    """A guild with so many credits, written as the owner in one go."""
    url = server.url(name).set(drivername="postgresql")
    connection = await asyncpg.connect(url.render_as_string(hide_password=False))
    raids = total // (TICKS * CREDITED)
    numbers = {"members": MEMBERS, "raids": raids, "ticks": TICKS, "credited": CREDITED}
    await connection.execute(_FILL.format(**numbers, rotating=_ROTATING.format(raids=raids)), timeout=600)
    await connection.execute("VACUUM (ANALYZE)", timeout=600)  # as autovacuum has done over the years of such a history
    await connection.close()


async def _medians(stages: list[Stage], look: Look, rounds: int) -> list[float]:
    """For each size; the sizes take turns, so that whatever else the machine does burdens them alike."""
    actor = Actor(1, 7, "Raider 7", manage_guild=True)
    times: list[list[float]] = [[] for _ in stages]
    for _ in range(rounds):
        for stage, taken in zip(stages, times, strict=True):
            began = time.perf_counter()
            await stage.run(actor, look)
            taken.append(time.perf_counter() - began)
    return [percentile(taken, 0.5) for taken in times]
