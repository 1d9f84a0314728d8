"""Points: every movement is an entry of an append-only ledger, and a mistake is undone by a reversal entry.

A person has one account a pool: what they have (the sum of their entries) and what is held for their open bids (the
sum of their holds). Both change in the transaction of the entry or hold, under the account's lock. An entry is
reversed at most once. What somebody holds is shown to nobody but themselves.
"""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bot import people
from bot.kit.text import points, safe, when
from bot.registry import Notice
from cogs.dkp import jobs
from cogs.dkp.cog import Dkp
from cogs.dkp.cog.pooling import Pooling
from cogs.dkp.rules.pools import Terms
from cogs.dkp.service import decay_schedules, explaining, ledger, personal, transfers
from cogs.dkp.service.decays import count
from cogs.dkp.service.history import signed
from cogs.dkp.service.undoing import EntryUndo, undoable_acts
from cogs.dkp.views.history import ShowChart, ShowHistory

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
    did = "brought back" if line.before.get("back") else "undid"
    return f"{line.actor} {did} {what}, {points(before)} → {points(after)}"


def _act_undone(line: "AuditLine") -> str:
    return f"{line.actor} undid {_act(line)}"


def _act_brought_back(line: "AuditLine") -> str:
    return f"{line.actor} brought back {_act(line)}"


def _act(line: "AuditLine") -> str:
    total = signed(Decimal(line.after["points"]))
    return f"{safe(line.after['kind'])}: {safe(line.after['act'])} ({count(line.after['people'])}, {total})"


def _decayed(line: "AuditLine") -> str:
    took = f"{points(Decimal(line.after['points']))} points from {count(line.after['people'])}"
    return f"{line.actor} let {safe(line.after['pool'])} decay ({line.after['terms']}): {took}"


def _decay_scheduled(line: "AuditLine") -> str:
    next_at = when(datetime.fromisoformat(line.after["next_at"]), "f")
    return (
        f"{line.actor} scheduled decay of {safe(line.after['pool'])}"
        f" {line.after['every']} ({line.after['terms']}), next {next_at}"
    )


def _decay_stopped(line: "AuditLine") -> str:
    return f"{line.actor} stopped the scheduled decay of {safe(line.after['pool'])}"


def _batch_posted(line: "AuditLine") -> str:
    amount = Decimal(line.after["amount"])
    who = "1 person" if line.after["people"] == 1 else f"{line.after['people']} people"
    what = f"{points(abs(amount))} {safe(line.after['pool'])}"
    done = f"gave {what} each to {who}" if amount > 0 else f"took {what} each from {who}"
    return f"{line.actor} {done} ({line.after['kind']}, {points(abs(Decimal(line.after['total'])))} in all)"


def _transferred(line: "AuditLine") -> str:
    return f"{line.actor} gave {line.about} {points(Decimal(line.after['amount']))} {safe(line.after['pool'])}"


def _pool_edited(line: "AuditLine") -> str:
    changed = [
        f"{word.replace('_', ' ')} {_shown(line.before.get(word))} → {_shown(line.after.get(word))}"
        for word in Terms.__slots__
        if line.before.get(word) != line.after.get(word)
    ]
    return f"{line.actor} changed the pool {safe(line.before['name'])}: {', '.join(changed)}"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "none"
    return safe(str(value).replace("_", " "))


_POOL_SENTENCES: dict[str, "Callable[[AuditLine], str]"] = {
    "pools.created": lambda line: f"{line.actor} made the pool {safe(line.after['name'])}",
    "pools.brought_back": lambda line: f"{line.actor} brought the archived pool {safe(line.after['name'])} back",
    "pools.edited": _pool_edited,
    "pools.archived": lambda line: f"{line.actor} archived the pool {safe(line.after['name'])}",
    "pools.default_moved": lambda line: (
        f"{line.actor} made {safe(line.after['name'])} the default pool, before {safe(line.before['name'])}"
    ),
}


async def setup(bot: "Quartermaster") -> None:
    registry = bot.stage.registry
    registry.due[people.BECAME_MEMBER] = jobs.became_member
    registry.due[decay_schedules.DECAY] = jobs.decay
    registry.undo |= {"entry": EntryUndo(), **undoable_acts()}
    registry.explain |= explaining.SOURCES
    registry.exports |= {"points": personal.export_points, "ledger": personal.export_ledger}
    registry.forget.append(personal.forget)
    registry.doctor["balances and holds add up"] = ledger.imbalances
    registry.sentences |= {
        "dkp.adjusted": _adjusted,
        "dkp.undone": _undone,
        "dkp.act.undone": _act_undone,
        "dkp.act.brought_back": _act_brought_back,
        "dkp.decayed": _decayed,
        "dkp.decay.scheduled": _decay_scheduled,
        "dkp.decay.stopped": _decay_stopped,
    }
    bot.add_buttons(ShowHistory, ShowChart)
    registry.sentences |= {"dkp.batch_posted": _batch_posted, "dkp.transferred": _transferred, **_POOL_SENTENCES}
    registry.notices[transfers.NOTICE] = Notice("points somebody gave you")
    registry.forget.append(transfers.forget)
    await bot.add_cog(Dkp(bot))
    await bot.add_cog(Pooling(bot))
