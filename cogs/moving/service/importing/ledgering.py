"""The movements of an import, with what they paid for: entries, their texts, awards, credits, accounts.

Entries of an import are posted as `ledger.post` posts (balance after, column, never cut by a cap), thousands a
statement. Accounts of people who are here are locked in one statement; those of new ones nobody else can see yet.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.dialects.postgresql import insert

from bot.stage import Session
from bot.typed import name_key
from cogs.dkp.rules import COLUMN
from cogs.dkp.service import ledger
from cogs.moving.rules.document import ZERO, Document, FileEntry
from cogs.moving.rules.plan import Plan
from cogs.moving.service.importing.raiding import Raids
from cogs.moving.service.importing.rows import pieces, put, table_of
from cogs.moving.service.progress import Progress
from db.tables import Account, Award, EntryText, LedgerEntry, Pool, TickCredit


class Purse:
    """An account's columns while entries are put on it."""

    __slots__ = ("adjusted", "balance", "earned", "opening", "spent")

    def __init__(self) -> None:
        self.opening = self.earned = self.spent = self.adjusted = self.balance = ZERO


class Ledgering:
    def __init__(
        self,
        session: Session,
        document: Document,
        plan: Plan,
        pools: dict[str, Pool],
        people: dict[str, int],
        raids: Raids,
        import_id: int,
        progress: Progress,
    ) -> None:
        self.session, self.document, self.import_id, self.progress = session, document, import_id, progress
        self.people, self.raids = people, raids
        self.pool_ids = {key: pool.pool_id for key, pool in pools.items()}
        self.names = {one.person.key: one.name for one in plan.people}
        here = {one.member_id for one in plan.matched}
        keys = {(self.pool_ids[entry.pool], people[entry.person]) for entry in document.entries}
        self.here = {key for key in keys if key[1] in here}
        first = self.pool_ids[document.pools[0].key]
        newcomers = {(first, member_id) for member_id in people.values() if member_id not in here}
        self.new: dict[ledger.Key, Purse] = {key: Purse() for key in sorted((keys | newcomers) - self.here)}
        self.locked: dict[ledger.Key, Account] = {}
        self.entry_ids: dict[int, int] = {}
        """Place in the document -> id."""

    async def lock(self) -> None:
        """Nobody of these is linked to somebody else meanwhile: linking waits for the members held before."""
        self.locked = await ledger.lock_accounts(self.session, self.here)

    async def write(self) -> None:
        await self._entries()
        await self._awards()
        await self._credits()
        await self._accounts()

    def _at(self, entry: FileEntry) -> datetime:
        """When it happened; undated, when the file was made."""
        return min(entry.at or self.document.taken_at or self.session.now, self.session.now)

    def _key(self, number: int) -> str:
        """Unique, and it says which row of the file it came from."""
        return f"import:{self.import_id}:{number}:{self.document.entries[number].row}"

    async def _entries(self) -> None:
        """In order of their dates; our own exports come in the order they were posted in."""
        order = list(range(len(self.document.entries)))
        if self.document.format != "quartermaster":
            order.sort(key=lambda number: self._at(self.document.entries[number]))
        texts: list[dict[str, Any]] = []
        query = (
            insert(table_of(LedgerEntry))
            .on_conflict_do_nothing()
            .returning(LedgerEntry.idempotency_key, LedgerEntry.entry_id)
        )
        for before, piece in pieces(order):
            await self.progress.at("Ledger", before, len(order))
            written = await self.session.execute(query, [self._entry(number) for number in piece])
            ids = {row.idempotency_key: row.entry_id for row in written}
            for number in piece:
                self.entry_ids[number] = ids[self._key(number)]
                texts.append(self._text(number))
        await put(self.session, EntryText, texts, "Reasons", self.progress)

    def _entry(self, number: int) -> dict[str, Any]:
        entry = self.document.entries[number]
        pool_id, member_id = self.pool_ids[entry.pool], self.people[entry.person]
        return {
            "guild_id": self.session.guild_id,
            "pool_id": pool_id,
            "member_id": member_id,
            "kind": entry.kind,
            "amount": entry.amount,
            "balance_after": self._move((pool_id, member_id), COLUMN[entry.kind], entry.amount),
            "source": "import",
            "source_id": self.import_id,
            "reverses_entry_id": None,
            "actor_user_id": self.session.actor.user_id,
            "created_at": self._at(entry),
            "idempotency_key": self._key(number),
        }

    def _move(self, key: ledger.Key, column: str, amount: Decimal) -> Decimal:
        account = self.locked.get(key) or self.new[key]
        setattr(account, column, getattr(account, column) + (-amount if column == "spent" else amount))
        account.balance += amount
        return account.balance

    def _text(self, number: int) -> dict[str, Any]:
        entry = self.document.entries[number]
        character = entry.character
        return {
            "guild_id": self.session.guild_id,
            "entry_id": self.entry_ids[number],
            "reason": entry.reason,
            "member_name": self.names[entry.person],
            "actor_name": self.session.actor.name,
            "character_name": character.name if character else None,
            "character_class": character.character_class if character else None,
            "character_level": character.level if character else None,
        }

    async def _awards(self) -> None:
        rows = [
            {
                "guild_id": self.session.guild_id,
                "raid_id": self.raids.by_key.get(award.raid or ""),
                "pool_id": self.pool_ids[award.pool],
                "entry_id": self.entry_ids.get(award.entry) if award.entry is not None else None,
                "member_id": self.people[award.person],
                "item_name": award.item,
                "item_key": name_key(award.item),
                "member_name": self.names[award.person],
                "character_name": award.character.name if award.character else None,
                "how": award.how,
                "cost": award.cost,
                "note": award.note,
                "awarded_at": min(award.at or self.document.taken_at or self.session.now, self.session.now),
                "awarded_by_user_id": self.session.actor.user_id,
                "data_import_id": self.import_id,
            }
            for award in self.document.awards
        ]
        await put(self.session, Award, rows, "Items", self.progress)

    async def _credits(self) -> None:
        """One a tick and member: two people of the file may be one here."""
        rows: dict[tuple[int, int], dict[str, Any]] = {}
        for tick_id, credit in self.raids.credits:
            rows.setdefault(
                (tick_id, self.people[credit.person]),
                {
                    "guild_id": self.session.guild_id,
                    "tick_id": tick_id,
                    "member_id": self.people[credit.person],
                    "entry_id": self.entry_ids.get(credit.entry) if credit.entry is not None else None,
                    "standby": credit.standby,
                    "evidence": "import",
                    "character_name": credit.character,
                    "line": credit.line,
                },
            )
        await put(self.session, TickCredit, list(rows.values()), "Attendance", self.progress)

    async def _accounts(self) -> None:
        rows: Sequence[dict[str, Any]] = [
            {
                "guild_id": self.session.guild_id,
                "pool_id": pool_id,
                "member_id": member_id,
                "opening": purse.opening,
                "earned": purse.earned,
                "spent": purse.spent,
                "adjusted": purse.adjusted,
                "balance": purse.balance,
            }
            for (pool_id, member_id), purse in self.new.items()
        ]
        await put(self.session, Account, rows, "Balances", self.progress)
        await self.session.flush()
