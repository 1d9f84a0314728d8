"""Small files of another system: balances of people who may be here already."""

import hashlib
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from hypothesis.stateful import rule

from bot.uploads import unpack
from cogs.moving.rules.reading import read_document
from cogs.moving.service import importing, looking
from cogs.moving.service.looking import Given
from cogs.moving.service.progress import Progress
from tests.services.test_moving.files import export, player
from tests.services.test_points_machine.played import AMOUNT, NAMES, RAIDERS, D, Played

ROW = st.tuples(st.sampled_from((*NAMES, *(f"Raider {who}" for who in range(RAIDERS)))), AMOUNT, st.integers(0, 9))


class Moving(Played):
    def who_waits_at_first(self) -> None:
        self.imports_a_file([(NAMES[0], D(40), 3), (NAMES[1], D("12.5"), 0)], eqdkp=True)

    @rule(lines=st.lists(ROW, min_size=1, max_size=4, unique_by=lambda row: row[0]), eqdkp=st.booleans())
    def imports_a_file(self, lines: list[tuple[str, Decimal, int]], eqdkp: bool) -> None:
        name, text = ("points.xml", self._eqdkp(lines)) if eqdkp else ("points.csv", self._table(lines))
        document = read_document(unpack(name, text.encode()), None, ZoneInfo("UTC"))
        given = Given(name, hashlib.sha256(text.encode()).hexdigest(), document, "DKP")
        plan = self.does(
            "plan",
            lambda: self.world.stage.read(self.officer, "dkp.import", lambda session: looking.look(session, given)),
        )
        if plan is None:
            return
        before = self.total()
        file = (given, plan.fingerprint, Progress())
        done = self.does("import", lambda: importing.import_file(self.world.stage, self.officer, *file))
        assert self.total() - before == (sum(done.totals.values()) if done else 0), "the totals are the file's"

    @staticmethod
    def _table(lines: list[tuple[str, Decimal, int]]) -> str:
        return "member,amount\n" + "".join(f"{who},{amount}\n" for who, amount, _ in lines)

    @staticmethod
    def _eqdkp(lines: list[tuple[str, Decimal, int]]) -> str:
        """With an item each, which is an award here."""
        rows = [
            player(number, who, earned=abs(amount), items=[("Old Blade", cost)] if cost else [])
            for number, (who, amount, cost) in enumerate(lines, 1)
        ]
        return export(*rows)
