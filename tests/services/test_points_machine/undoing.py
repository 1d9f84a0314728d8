"""Everything undone that `/dkp undo` can undo, and undos undone; what the preview says is what comes."""

import re
from collections.abc import Sequence
from decimal import Decimal

from hypothesis import strategies as st
from hypothesis.stateful import rule

from bot.refusals import Refused
from bot.registry import Choice
from bot.stage import Session
from cogs.dkp.service import undoing
from tests.services.test_points_machine.played import Played

ACTS = ("batch", "transfer", "decay")
BACK = tuple(f"undo of {act}" for act in ACTS)
PARTS = ("tick", "award", "raid", "raid and loot", "import")
KINDS = (*ACTS, *BACK, *PARTS, "entry", "claim")
AGO = st.integers(0, 5)
LINE = re.compile(r"(.+): (-?[\d,.]+) → (-?[\d,.]+)")


class Undoing(Played):
    @rule(kind=st.integers(0, len(PARTS) - 1), which=AGO)
    def undoes_what_has_parts(self, kind: int, which: int) -> None:
        self._undo_one_of(PARTS, kind, which)

    @rule(kind=st.integers(0, len(ACTS) - 1), which=AGO, back=st.booleans())
    def undoes_an_act(self, kind: int, which: int, back: bool) -> None:
        undone = self._undo_one_of(ACTS, kind, which)
        if back and undone is not None:
            self._undo(f"undo of {undone.partition(':')[0]}", f"undo of {undone}")

    @rule(kind=st.integers(0, len(BACK) - 1), which=AGO)
    def brings_an_act_back(self, kind: int, which: int) -> None:
        self._undo_one_of(BACK, kind, which)

    @rule(which=AGO)
    def undoes_a_link(self, which: int) -> None:
        self._undo_one_of(("claim",), 0, which)

    @rule(which=AGO)
    def undoes_an_entry(self, which: int) -> None:
        """Reversals of entries are among those that can be undone."""
        self._undo_one_of(("entry",), 0, which)

    @rule(which=st.integers(0, 40))
    def undoes_any_entry(self, which: int) -> None:
        """By its number, whatever it is part of."""
        entry = self.pick("SELECT entry_id FROM ledger_entry WHERE guild_id = $1 ORDER BY 1 DESC", which)
        if entry is not None:
            self._undo("any entry", f"#{entry}")

    def _undo_one_of(self, kinds: Sequence[str], which_kind: int, which: int) -> str | None:
        """A recent act of one of these kinds, the next one of which there is any."""

        async def recent(session: Session, kind: str) -> list[Choice]:
            return await session.stage.registry.undo[kind].recent(session, "")

        for kind in (*kinds[which_kind:], *kinds[:which_kind]):
            if found := self.looks(lambda session, kind=kind: recent(session, kind)):
                what = f"{kind}:{found[which % len(found)].value}"
                self._undo(kind, what)
                return what
        return None

    def _undo(self, kind: str, what: str) -> None:
        said = self._preview(what)
        total = self.total()
        done = self.does(f"{kind} undone", lambda: undoing.undo(self.world.stage, self.officer, what, "it was wrong"))
        assert (done is None) == (said is None), "the preview refuses what the undo refuses"
        if done is None:
            return
        if kind in ("claim", "transfer", "undo of transfer"):
            assert self.total() == total, "neither makes nor loses points"
        after = self.balances()
        for name, amount in (said or {}).items():
            assert after[self._named(name)] == amount, f"the preview of {what} said another end for {name}"

    def _preview(self, what: str) -> dict[str, Decimal] | None:
        """Where the preview says people end, by their name; None when it refuses."""
        try:
            _, lines = self.run(
                self.world.stage.read(
                    self.officer, "dkp.undo", lambda session: undoing.preview_undo(session, what, "it was wrong")
                )
            )
        except Refused:
            return None
        matches = [match for match in map(LINE.match, lines) if match]
        return {match[1]: Decimal(match[3].replace(",", "")) for match in matches if self._named(match[1])}

    def _named(self, name: str) -> int:
        """Who alone is called that; 0 when there are several."""
        ids = self.rows("SELECT member_id FROM member WHERE guild_id = $1 AND display_name = $2", name)
        return ids[0][0] if len(ids) == 1 else 0
