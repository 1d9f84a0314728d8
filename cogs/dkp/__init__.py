"""Points: every movement is an entry of an append-only ledger, and a mistake is undone by a reversal entry.

A person has one account a pool: what they have (the sum of their entries) and what is held for their open bids (the
sum of their holds). Both change in the transaction of the entry or hold, under the account's lock. An entry is
reversed at most once. What somebody holds is shown to nobody but themselves.
"""

from decimal import Decimal
from typing import TYPE_CHECKING

from bot import people
from bot.kit.text import points, safe
from cogs.dkp import jobs
from cogs.dkp.cog import Dkp
from cogs.dkp.service import ledger, personal
from cogs.dkp.service.history import signed
from cogs.dkp.service.undoing import EntryUndo

if TYPE_CHECKING:
    from bot.app import Quartermaster
    from bot.registry import AuditLine


def _adjusted(line: "AuditLine") -> str:
    amount, before, after = (
        Decimal(value) for value in (line.after["amount"], line.before["balance"], line.after["balance"])
    )
    what = f"{points(abs(amount))} {safe(line.after['pool'])}"
    done = f"gave {line.about} {what}" if amount > 0 else f"took {what} from {line.about}"
    return f"{line.actor} {done} ({line.after['kind']}, {points(before)} → {points(after)})"


def _undone(line: "AuditLine") -> str:
    before, after = Decimal(line.before["balance"]), Decimal(line.after["balance"])
    what = f"{signed(Decimal(line.before['amount']))} of {line.about} (“{safe(line.before['reason'])}”)"
    return f"{line.actor} undid {what}, {points(before)} → {points(after)}"


async def setup(bot: "Quartermaster") -> None:
    registry = bot.stage.registry
    registry.due[people.BECAME_MEMBER] = jobs.became_member
    registry.undo["entry"] = EntryUndo()
    registry.exports |= {"points": personal.export_points, "ledger": personal.export_ledger}
    registry.forget.append(personal.forget)
    registry.doctor["balances and holds add up"] = ledger.imbalances
    registry.sentences |= {"dkp.adjusted": _adjusted, "dkp.undone": _undone}
    await bot.add_cog(Dkp(bot))
