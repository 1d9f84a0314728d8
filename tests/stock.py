"""A use case of the tests' own that many call at once: taking from a stock, which is the payload of a due job."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from sqlalchemy import select, text, update

from bot import audit, due, outbox
from bot.refusals import Refused
from bot.stage import Actor, Session, Stage
from bot.together import Call, in_turn, together
from db.tables import DueJob

_letters = count(1)
POISON = 13
"""Whoever asks for so much breaks the transaction."""


class TooMuch(Refused):
    code = "too_much"


@dataclass(frozen=True, slots=True)
class Take:
    stock: str
    amount: int


@dataclass(frozen=True)
class Taken:
    amount: int
    left: int
    together_with: int
    """How many were served in the same transaction."""


@dataclass(frozen=True)
class StockTaken:
    left: int


@together("dkp.view", Take, queue="stock")
async def take(session: Session, calls: Sequence[Call[Take]]) -> list[Taken | Refused]:
    here = (DueJob.guild_id == session.guild_id, DueJob.kind == "stock", DueJob.key == calls[0].asked.stock)
    job_id, payload = (
        await session.execute(select(DueJob.due_job_id, DueJob.payload).where(*here).with_for_update())
    ).one()
    left: int = payload["left"]

    def decide(call: Call[Take]) -> Taken:
        nonlocal left
        amount = call.asked.amount
        if amount > left:
            raise TooMuch(f"{left} left, you want {amount}.")
        left -= amount
        audit.record(session, "test.taken", about=session.member.member_id, after={"amount": amount, "left": left})
        outbox.send(
            session, f"taken{next(_letters)}", f"{session.actor.name} took {amount}", user_id=session.actor.user_id
        )
        session.tell(StockTaken(left))
        session.redraw("stock", job_id)
        return Taken(amount, left, len(calls))

    answers = in_turn(session, calls, decide)
    if any(call.asked.amount == POISON for call in calls):
        await session.execute(text("SELECT 1 / 0"))
    await session.execute(update(DueJob).where(*here).values(payload={"left": left}))
    return answers


async def lay_in(stage: Stage, amount: int, stock: str = "potions") -> None:
    async def work(session: Session) -> None:
        await due.schedule(session, "stock", stock, session.now, {"left": amount})

    await stage.run(Actor.itself(1), work)
