"""Decay, typed and by schedule, against what the rules say each account must lose."""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from bot import due
from cogs.dkp.service import decay_schedules, decays
from cogs.dkp.service.decays import Asked
from tests.services.test_points_machine.played import D, Played

PERCENT = st.sampled_from((D("12.5"), D(20), D(33), D(100)))
DECAY_FLOOR = st.sampled_from((None, None, D(0), D("25.5")))


class Decays(Played):
    @rule(percent=PERCENT, floor=DECAY_FLOOR, earned_only=st.booleans())
    def decays(self, percent: Decimal, floor: Decimal | None, earned_only: bool) -> None:
        asked = Asked(percent, floor, earned_only)
        seen = self.run(
            self.world.stage.read(self.officer, "dkp.decay", lambda session: decays.preview(session, asked))
        )
        apply = (asked, seen.last_run)
        run = self._one(asked, lambda: decays.apply(self.world.stage, self.officer, *apply))
        if run is not None:
            assert run.total == seen.total, "the preview is exact"

    @rule(percent=PERCENT, earned_only=st.booleans())
    def decays_by_schedule(self, percent: Decimal, earned_only: bool) -> None:
        """What else comes due in a week comes first, so that the run is compared with what it found."""
        asked = Asked(percent, None, earned_only)
        self.does("schedule", lambda: decay_schedules.schedule(self.world.stage, self.officer, "week", asked))
        self.world.clock.move(days=6, hours=8)
        self.run(due.run_once(self.world.stage))
        self.world.clock.move(days=1)
        self._one(asked, lambda: due.run_once(self.world.stage), name="decay by schedule")
        self.does("schedule stopped", lambda: decay_schedules.stop(self.world.stage, self.officer))

    def _one(self, asked: Asked, act: Callable[[], Awaitable[Any]], name: str = "decay") -> Any:
        before = self._accounts()
        expected = {member: self._loss(one, asked) for member, one in before.items()}
        runs = self.rows("SELECT count(*) FROM decay_run WHERE guild_id = $1")[0][0]
        answer = self.does(f"{name}, earned only" if asked.earned_only else name, act)
        ran = self.rows("SELECT count(*) FROM decay_run WHERE guild_id = $1")[0][0] - runs
        after = self._accounts()
        floor = asked.floor or D(0)
        for member, one in before.items():
            now, was = after[member]["balance"], one["balance"]
            assert was - now == (expected[member] if ran else 0), "decay took something else than it says"
            assert now <= was, "decay raised somebody"
            assert now == was or now - one["bid"] >= floor, "decay went below its floor, or took what is bid"
        return answer

    @staticmethod
    def _loss(one: dict[str, Decimal], asked: Asked) -> Decimal:
        base, floor = one["balance"] - one["bid"], D(asked.floor or 0)
        if asked.earned_only:
            base = min(base, max(one["earned"] + one["decayed"], D(0)))
        share = (base * D(asked.percent) / 100).quantize(D("0.1"), ROUND_HALF_EVEN)
        return max(min(share, base - floor), D(0))

    def _accounts(self) -> dict[int, dict[str, Decimal]]:
        """What each person's points are, and what they and whom they absorbed earned and lost by decay so far."""
        rows = self.rows(
            """
            SELECT member_id, coalesce(absorbed_by_member_id, member_id) AS is_now, balance, earned, (
                SELECT coalesce(sum(CASE WHEN quantity > 1 THEN amount ELSE least(amount, price) END), 0)
                FROM hold JOIN auction USING (guild_id, auction_id)
                WHERE guild_id = $1 AND hold.member_id = account.member_id AND kind = 'open' AND NOT names_hidden
            ) AS bid
            FROM account JOIN member USING (guild_id, member_id) WHERE guild_id = $1
            """
        )
        lost = self.rows(
            """
            WITH RECURSIVE decayed AS (
                SELECT entry_id, member_id, amount FROM ledger_entry WHERE guild_id = $1 AND kind = 'decay'
                UNION ALL
                SELECT r.entry_id, r.member_id, r.amount FROM ledger_entry r JOIN decayed d
                ON r.guild_id = $1 AND r.reverses_entry_id = d.entry_id
            ) SELECT member_id, sum(amount) AS amount FROM decayed GROUP BY 1
            """
        )
        decayed = {row["member_id"]: row["amount"] for row in lost}
        sums: dict[int, dict[str, Decimal]] = defaultdict(lambda: {"earned": D(0), "decayed": D(0)})
        for row in rows:
            sums[row["is_now"]]["earned"] += row["earned"]
            sums[row["is_now"]]["decayed"] += decayed.get(row["member_id"], D(0))
        return {
            row["member_id"]: {"balance": row["balance"], "bid": row["bid"], **sums[row["member_id"]]} for row in rows
        }
