"""Calls that wait for the same thing, served together: one queue a subject, one transaction a batch.

When forty people bid on one auction, forty transactions would stand in line for one row. Here whoever comes while a
transaction runs waits for the next one, and that one serves them all. The function takes everybody's call in the
order they came and answers each:

    @dataclass(frozen=True, slots=True)
    class Bid:
        auction_id: int
        amount: Decimal

    @together("auctions.bid", Bid, queue="auction_id")
    async def place_bid(session: Session, calls: Sequence[Call[Bid]]) -> list[BidAnswer | Refused]:
        house = await lock(session, calls)                # all rows the batch can touch, in one order
        answers = in_turn(session, calls, house.decide)   # pure; as each caller, so audit and rights are theirs
        await house.write(session)
        return answers

    answer = await place_bid(stage, actor, auction_id=7, amount=Decimal(50))

A caller is promised what a use case promises (see `bot.stage`): once an interaction, the capability checked, told after
the commit. What differs:

- A refusal is an answer like others, and the transaction goes on: refuse before anything is written for that call.
- Outside `in_turn` the session has no actor.
- A batch that raises is undone and each call served alone, so that only the culprit's caller sees the exception, or
  the `Refused`, which then undoes what it did. A call without an interaction could not be told from a repetition,
  so it is not tried twice and gets the exception.
- A caller that is cancelled while it waits is left out; once its batch runs, the call counts.

Another process has a queue of its own: rows need their locks as ever.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import Context
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import or_
from typing import Any, Generic, ParamSpec, TypeVar, get_args, get_type_hints

from pydantic import TypeAdapter
from sqlalchemy import BigInteger, Text, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from bot import log, people, permissions
from bot.refusals import Refused
from bot.stage import Actor, Session, Stage, UseCase, entering
from db.rows import given, insert_many
from db.tables import InteractionAnswer, Member

MOST = 256
"""Calls a batch; the rest waits for the next one."""
_log = logging.getLogger(__name__)
P = ParamSpec("P")
W = TypeVar("W")
R = TypeVar("R")


@dataclass(slots=True, eq=False)
class Call(Generic[W]):
    """One caller's part of a batch: what they ask for, and who they are."""

    actor: Actor
    asked: W
    code: str | None
    """The code of the request it came with."""
    answered: asyncio.Future[Any]
    member: Member | None = None
    """The caller's row; None for Quartermaster itself."""

    def answer(self, outcome: object) -> None:
        if self.answered.done():
            return  # cancelled
        if isinstance(outcome, Exception):
            self.answered.set_exception(outcome)
        else:
            self.answered.set_result(outcome)


def in_turn(session: Session, calls: Sequence[Call[W]], decide: Callable[[Call[W]], R]) -> list[R | Refused]:
    """Each call's answer in the order they came, decided as its caller; a `Refused` that is raised is the answer."""
    answers: list[R | Refused] = []
    for call in calls:
        with _acting(session, call):
            try:
                answers.append(decide(call))
            except Refused as refused:
                answers.append(refused)
    return answers


@contextmanager
def _acting(session: Session, call: Call[Any]) -> Iterator[None]:
    """Within it the session is the caller's, outside it nobody's: what forgets to say who acts fails."""
    session.actor, session.me = call.actor, call.member
    try:
        with log.request(session.guild_id, call.actor.user_id, call.code):
            yield
    finally:
        del session.actor, session.me


class _Overtaken(Exception):
    """Another process answered one of our interactions while we did; served again, we find its answer."""


class Together(UseCase[P, R], Generic[W, P, R]):
    """A service function for many callers with its door: see the module's docstring."""

    def __init__(
        self,
        function: Callable[[Session, Sequence[Call[W]]], Awaitable[list[R | Refused]]],
        capability: str,
        asked: Callable[P, W],
        queue: str,
    ) -> None:
        super().__init__(function, capability)  # type: ignore[arg-type]
        self.serve = function
        self.needs = capability
        self.asked = asked
        self.queue = queue

    @cached_property
    def answer(self) -> TypeAdapter[R]:
        [outcome] = get_args(get_type_hints(self.serve)["return"])
        return TypeAdapter(reduce(or_, (kind for kind in get_args(outcome) if kind is not Refused)))

    async def __call__(self, stage: Stage, actor: Actor, /, *args: P.args, **kwargs: P.kwargs) -> R:
        asked = self.asked(*args, **kwargs)
        loop = asyncio.get_running_loop()
        call = Call(actor, asked, log.request_code(), loop.create_future())
        key = (actor.guild_id, self.name, getattr(asked, self.queue))
        queue: _Queue | None = stage.queues.get(key)
        if queue is None:
            queue = stage.queues[key] = _Queue(self, stage, key)
            # The batch is nobody's request in the log, least of all that of whoever happened to come first.
            queue.task = loop.create_task(queue.run(), context=Context())
        queue.waiting.append(call)
        return await call.answered

    async def settle(self, stage: Stage, calls: Sequence[Call[W]]) -> None:
        """Answer every call, whatever happens."""
        try:
            await self._settle(stage, calls)
        except _Overtaken:
            await self.settle(stage, calls)
        except Exception as error:
            if len(calls) > 1:
                _log.warning("%s: a batch of %s broke, each is tried alone", self.name, len(calls), exc_info=True)
                again = [call for call in calls if call.actor.interaction_id is not None]
                for call in again:
                    await self.settle(stage, [call])
            elif isinstance(error, Refused) and calls[0].actor.interaction_id is not None:
                await self._refuse(stage, calls[0], error)
            for call in calls:
                call.answer(error)

    async def _settle(self, stage: Stage, calls: Sequence[Call[W]]) -> None:
        async with stage.db.guild(calls[0].actor.guild_id, Session) as session:
            session.stage, session.now, session.facts, session.boards = stage, stage.clock.now(), [], []
            outcomes = await self._enter(session, calls)
            new = [call for call in calls if call not in outcomes]
            rights = in_turn(session, new, lambda _: session.require(self.needs))
            outcomes |= {call: refused for call, refused in zip(new, rights, strict=True) if refused is not None}
            served = [call for call in new if call not in outcomes]
            if served:
                outcomes |= zip(served, await self.serve(session, served), strict=True)
            await self._keep(session, [(call, outcomes[call]) for call in new])
        stage.after_commit(session)
        for call, outcome in outcomes.items():
            call.answer(outcome)

    async def _enter(self, session: Session, calls: Sequence[Call[W]]) -> dict[Call[W], R | Refused]:
        """Load guild, members and mapping in one round trip, and the answers of calls that were served before."""
        asking = {
            "guild": session.guild_id,
            "people": list({call.actor.user_id for call in calls}),
            "interactions": [call.actor.interaction_id for call in calls],
            "use_case": self.name,
        }
        rows = (await session.execute(_ENTER, asking)).all()
        if not rows:
            await people.ensure_guild(session, session.guild_id, calls[0].actor.guild_name)
            rows = (await session.execute(_ENTER, asking)).all()
        session.guild, _, mapping, grants, kept = rows[0]
        session.mapping, session.grants = mapping or {}, grants or {}
        await _present(session, calls, {row[1].discord_user_id: row[1] for row in rows if row[1] is not None})
        firsts = {int(number): first for number, first in (kept or {}).items()}
        return {call: self._first(*firsts[n]) for call in calls if (n := call.actor.interaction_id) in firsts}

    def _first(self, refused: bool, answer: Any) -> R | Refused:
        return Refused(answer) if refused else self.answer.validate_python(answer)

    async def _keep(self, session: Session, outcomes: Sequence[tuple[Call[W], R | Refused]]) -> None:
        """Store the first answers; in ascending order, so that two who store the same ones wait for each other once."""
        rows = [
            {
                "guild_id": session.guild_id,
                "interaction_id": call.actor.interaction_id,
                "use_case": self.name,
                "at": session.now,
                "refused": isinstance(outcome, Refused),
                "answer": outcome.sentence
                if isinstance(outcome, Refused)
                else self.answer.dump_python(outcome, mode="json"),
            }
            for call, outcome in outcomes
            if call.actor.interaction_id is not None
        ]
        if rows:
            rows.sort(key=lambda row: row["interaction_id"])
            if (await session.execute(_KEEP, given(rows))).rowcount != len(rows):  # type: ignore[attr-defined]
                raise _Overtaken

    async def _refuse(self, stage: Stage, call: Call[W], refused: Refused) -> None:
        """What was refused once stays refused, though the refused transaction is gone."""
        try:
            await self.keep_refusal(stage, call.actor, refused)
        except Exception:
            _log.exception("%s: a refusal was not kept", self.name)


# One write an interaction where a claim and its answer are two: the answers are stored last, and who is overtaken by
# another process starts again. Rarely so: whoever serves the same subject waits at its row's lock.
_kept = (
    select(
        func.jsonb_object_agg(
            InteractionAnswer.interaction_id,
            func.jsonb_build_array(InteractionAnswer.refused, InteractionAnswer.answer),
        )
    )
    .where(
        InteractionAnswer.guild_id == bindparam("guild", type_=BigInteger),
        InteractionAnswer.use_case == bindparam("use_case", type_=Text),
        InteractionAnswer.interaction_id == func.any(bindparam("interactions", type_=ARRAY(BigInteger))),
    )
    .scalar_subquery()
)
_ENTER = entering(Member.discord_user_id == func.any(bindparam("people", type_=ARRAY(BigInteger)))).add_columns(_kept)
_KEEP = insert_many(
    InteractionAnswer, ("guild_id", "interaction_id", "use_case", "at", "refused", "answer")
).on_conflict_do_nothing()


async def _present(session: Session, calls: Sequence[Call[Any]], known: dict[int | None, Member]) -> None:
    """Everybody's row, as `people.present` has it; by user, so that two batches wait for each other in one order."""
    callers = [call for call in calls if call.actor.user_id is not None]
    for call in sorted(callers, key=lambda call: call.actor.user_id or 0):
        actor, user_id = call.actor, call.actor.user_id or 0
        group = permissions.group_of(actor.role_ids, session.mapping)
        with _acting(session, call):
            member = known.get(user_id)
            known[user_id] = await people.present(session, member, user_id, actor.name, group, actor.joined_at)
    for call in callers:
        call.member = known[call.actor.user_id]


class _Queue:
    """The calls that wait for one subject; it is there as long as any do."""

    def __init__(self, use_case: Together[Any, ..., Any], stage: Stage, key: tuple[Any, ...]) -> None:
        self.use_case, self.stage, self.key = use_case, stage, key
        self.waiting: deque[Call[Any]] = deque()
        self.task: asyncio.Task[None] | None = None

    async def run(self) -> None:
        calls: list[Call[Any]] = []
        try:
            while calls := self._take():
                await self.use_case.settle(self.stage, calls)
        finally:
            del self.stage.queues[self.key]
            for call in (*calls, *self.waiting):  # the process stops; otherwise all are answered
                call.answered.cancel()

    def _take(self) -> list[Call[Any]]:
        """The next batch; a second delivery of an interaction waits for the one after, where it finds the answer."""
        taken: list[Call[Any]] = []
        seen: set[int] = set()
        later: list[Call[Any]] = []
        while self.waiting and len(taken) < MOST:
            call = self.waiting.popleft()
            number = call.actor.interaction_id
            if call.answered.cancelled():
                continue
            if number is not None and number in seen:
                later.append(call)
                continue
            taken.append(call)
            if number is not None:
                seen.add(number)
        self.waiting.extendleft(reversed(later))
        return taken


def together(
    capability: str, asked: Callable[P, W], *, queue: str
) -> Callable[[Callable[[Session, Sequence[Call[W]]], Awaitable[list[R | Refused]]]], Together[W, P, R]]:
    """Give a service function for many callers its door: calls with one `queue` (a field of `asked`) wait there."""

    def wrap(function: Callable[[Session, Sequence[Call[W]]], Awaitable[list[R | Refused]]]) -> Together[W, P, R]:
        return Together(function, capability, asked, queue)

    return wrap


__all__ = ["Call", "Together", "in_turn", "together"]
