"""The stage a use case plays on: who acts, in which guild, in one transaction, once.

A use case is a function whose first parameter is `session`, made callable by doors with `@use_case(capability)`:

    @use_case("dkp.adjust")
    async def adjust(session: Session, member_id: int, amount: Decimal, reason: str) -> Adjusted: ...

    answer = await adjust(stage, actor, member_id=7, amount=Decimal(5), reason="bring the cake")

The call opens exactly one transaction in the actor's guild, answers a repeated interaction with the first answer
(a refusal too), checks the capability, runs the function, keeps its answer, commits, and only then tells the facts
and redraws the boards. One interaction may call several use cases, each once. A function that joins a running
transaction takes `session` and never commits; `adjust.join(session, ...)` is the undecorated one.

Calls that many people make for one subject at once share a transaction: see `bot.together`.
"""

import logging
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, update_wrapper
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, get_type_hints

from pydantic import TypeAdapter
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Executable,
    Select,
    Text,
    bindparam,
    func,
    literal,
    select,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert

from bot import people, permissions
from bot.clock import Clock
from bot.refusals import NotAllowed, Refused
from bot.registry import Registry
from db.scope import Database, GuildSession, Shards
from db.tables import CapabilityGrant, Guild, InteractionAnswer, Member, RoleMapping

_log = logging.getLogger(__name__)
P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and what Discord said of them at that moment."""

    guild_id: int
    user_id: int | None
    """None is Quartermaster itself: due work and start-up."""
    name: str
    manage_guild: bool = False
    role_ids: frozenset[int] = frozenset()
    interaction_id: int | None = None
    received_at: datetime | None = None
    """When our process received the interaction, stamped before any wait."""
    guild_name: str = ""
    joined_at: datetime | None = None
    """When they joined the server, as Discord says it."""

    @classmethod
    def itself(cls, guild_id: int, guild_name: str = "") -> "Actor":
        return cls(guild_id, None, "Quartermaster", guild_name=guild_name)


class Session(GuildSession):
    """One guild's transaction with its context: the acting person, the settings, the moment."""

    stage: "Stage"
    actor: Actor
    now: datetime
    guild: Guild
    me: Member | None
    """The actor's member row; None for Quartermaster itself."""
    mapping: dict[str, int]
    """Mapped Discord roles by role group, the badge included."""
    grants: dict[str, list[int]]
    """Discord roles that a capability was granted to, by capability."""
    facts: list[object]
    boards: list[tuple[str, int]]

    @property
    def member(self) -> Member:
        """The acting member; only for use cases that a person calls."""
        assert self.me is not None, "Quartermaster itself has no member row"
        return self.me

    @property
    def received_at(self) -> datetime:
        return self.actor.received_at or self.now

    def may(self, capability: str) -> bool:
        """Whether the actor has a capability; Quartermaster itself has all."""
        if self.actor.user_id is None:
            return True
        standings = permissions.standings(
            role_group=self.me.role_group if self.me else None,
            role_ids=self.actor.role_ids,
            manage_guild=self.actor.manage_guild,
            mapping=self.mapping,
        )
        granted = self.grants.get(capability)
        return permissions.allowed(capability, standings) or (
            granted is not None and not self.actor.role_ids.isdisjoint(granted)
        )

    def require(self, capability: str) -> None:
        if not self.may(capability):
            raise NotAllowed(permissions.refusal_sentence(capability), capability=capability)

    def tell(self, fact: object) -> None:
        """A frozen dataclass named in the past tense, dispatched after the commit to any cog that listens."""
        self.facts.append(fact)

    def redraw(self, kind: str, subject_id: int) -> None:
        """This board's card no longer shows the truth; it is drawn again after the commit."""
        self.boards.append((kind, subject_id))


@dataclass
class Stage:
    """What every use case needs: the database, the clock, the registry; and who to tell after a commit."""

    db: Database
    clock: Clock
    registry: Registry
    tell: Callable[[object], None] = field(default=lambda fact: None)
    redraw: Callable[[int, str, int], None] = field(default=lambda guild_id, kind, subject_id: None)
    shards: Shards = None
    """Whose messages and due work this process does."""
    busy: set[tuple[str, int]] = field(default_factory=set)
    """(kind of work, guild) that a turn of this process is at now."""
    queues: dict[Hashable, Any] = field(default_factory=dict)
    """Calls that wait to be served together (`bot.together`)."""

    async def run(
        self, actor: Actor, work: Callable[[Session], Awaitable[R]], use_case: "UseCase[..., R] | None" = None
    ) -> R:
        """Open the actor's transaction, do the work in it, commit, then tell. See the module's docstring."""
        now = self.clock.now()
        once = use_case if actor.interaction_id is not None else None
        claimed = False
        try:
            async with self.db.guild(actor.guild_id, Session) as session:
                session.stage, session.actor, session.now, session.facts, session.boards = self, actor, now, [], []
                claimed = await _enter(session, once.name if once is not None else None)
                if once is not None and not claimed:
                    return await once.first_answer(session)
                if use_case is not None and use_case.capability is not None:
                    session.require(use_case.capability)
                result = await work(session)
                if once is not None:
                    await once.keep(session, result)
        except Refused as refused:
            if once is not None and claimed:
                await once.keep_refusal(self, actor, refused)
            raise
        self.after_commit(session)
        return result

    def after_commit(self, session: Session) -> None:
        """Nothing here may make what is committed look failed."""
        for fact in session.facts:
            try:
                self.tell(fact)
            except Exception:
                _log.exception("%s was not told", type(fact).__name__)
        for kind, subject_id in dict.fromkeys(session.boards):
            try:
                self.redraw(session.guild_id, kind, subject_id)
            except Exception:
                _log.exception("board %s %s was not marked", kind, subject_id)

    async def read(self, actor: Actor, capability: str | None, look: Callable[[Session], Awaitable[R]]) -> R:
        """A look that changes nothing: same door, same check, no first answer kept."""

        async def checked(session: Session) -> R:
            if capability is not None:
                session.require(capability)
            return await look(session)

        return await self.run(actor, checked)


def entering(who: ColumnElement[bool]) -> Select[Guild, Member, Any, Any]:
    """A row for each of the members `who` (one without a member when there are none): guild, member, mapping, grants.

    No row: the guild is seen for the first time.
    """
    guild_id = bindparam("guild", type_=BigInteger)
    mapping = (
        select(func.jsonb_object_agg(RoleMapping.role_group, RoleMapping.role_id))
        .where(RoleMapping.guild_id == guild_id)
        .scalar_subquery()
    )
    roles = (
        select(CapabilityGrant.capability, func.jsonb_agg(CapabilityGrant.role_id).label("role_ids"))
        .where(CapabilityGrant.guild_id == guild_id)
        .group_by(CapabilityGrant.capability)
        .subquery()
    )
    grants = select(func.jsonb_object_agg(roles.c.capability, roles.c.role_ids)).scalar_subquery()
    return (
        select(Guild, Member, mapping, grants)
        .outerjoin(Member, (Member.guild_id == Guild.guild_id) & who)
        .where(Guild.guild_id == guild_id)
    )


def _claiming(query: Select[Guild, Member, Any, Any]) -> Executable:
    """Also whether the interaction is ours to serve."""
    guild_id = bindparam("guild", type_=BigInteger)
    given = select(
        Guild.guild_id,
        bindparam("interaction", type_=BigInteger),
        bindparam("use_case", type_=Text),
        bindparam("at", type_=DateTime(timezone=True)),
    ).where(Guild.guild_id == guild_id)
    claim = (
        insert(InteractionAnswer)
        .from_select(["guild_id", "interaction_id", "use_case", "at"], given)
        .on_conflict_do_nothing()
        .returning(literal(1).label("one"))
        .cte("claim")
    )
    return query.add_columns(select(func.count()).select_from(claim).scalar_subquery())


# Built once: putting these together costs more than PostgreSQL needs to answer them.
_ENTER = entering(Member.discord_user_id == bindparam("person", type_=BigInteger))
_ENTER_CLAIMING = _claiming(_ENTER)
_KEPT = (
    InteractionAnswer.guild_id == bindparam("guild"),
    InteractionAnswer.interaction_id == bindparam("interaction"),
    InteractionAnswer.use_case == bindparam("called"),
)
_KEEP = update(InteractionAnswer.__table__).where(*_KEPT).values(answer=bindparam("first"))  # type: ignore[arg-type]
_FIRST = select(InteractionAnswer.refused, InteractionAnswer.answer).where(*_KEPT)


async def _enter(session: Session, claim_for: str | None) -> bool:
    """Load guild, actor and mapping, and claim the interaction, in one round trip. False: it was claimed before."""
    actor = session.actor
    query: Executable = _ENTER if claim_for is None else _ENTER_CLAIMING
    given: dict[str, Any] = {"guild": session.guild_id, "person": actor.user_id}
    if claim_for is not None:
        given |= {"interaction": actor.interaction_id, "use_case": claim_for, "at": session.now}
    row = (await session.execute(query, given)).one_or_none()
    if row is None:
        await people.ensure_guild(session, session.guild_id, actor.guild_name)
        row = (await session.execute(query, given)).one()
    session.guild, session.me, session.mapping, session.grants = row[0], row[1], row[2] or {}, row[3] or {}
    if actor.user_id is not None:
        group = permissions.group_of(actor.role_ids, session.mapping)
        session.me = await people.present(session, session.me, actor.user_id, actor.name, group, actor.joined_at)
    return claim_for is None or bool(row[4])


class UseCase(Generic[P, R]):
    """A service function with its door: see the module's docstring."""

    def __init__(self, function: Callable[Concatenate[Session, P], Awaitable[R]], capability: str | None) -> None:
        assert capability is None or capability in permissions.CAPABILITIES, f"no capability {capability}"
        self.join = function
        self.capability = capability
        self.name = f"{function.__module__}.{function.__qualname__}"
        update_wrapper(self, function)

    @cached_property
    def answer(self) -> TypeAdapter[R]:
        return TypeAdapter(get_type_hints(self.join)["return"])

    async def __call__(self, stage: Stage, actor: Actor, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return await stage.run(actor, lambda session: self.join(session, *args, **kwargs), self)

    async def keep(self, session: Session, result: R) -> None:
        """Store the answer beside the claim, for whoever repeats the interaction."""
        first = self.answer.dump_python(result, mode="json")
        await session.execute(_KEEP, {**self._called(session.actor), "first": first})

    async def keep_refusal(self, stage: Stage, actor: Actor, refused: Refused) -> None:
        """The refused transaction is gone, its claim too: what was refused once stays refused when it is repeated."""
        given = select(
            Guild.guild_id,
            literal(actor.interaction_id, BigInteger),
            literal(self.name, Text),
            literal(stage.clock.now(), DateTime(timezone=True)),
            true(),
            literal(refused.sentence, JSONB),
        ).where(Guild.guild_id == actor.guild_id)
        columns = ["guild_id", "interaction_id", "use_case", "at", "refused", "answer"]
        async with stage.db.guild(actor.guild_id) as session:
            await session.execute(insert(InteractionAnswer).from_select(columns, given).on_conflict_do_nothing())

    async def first_answer(self, session: Session) -> R:
        """What the first delivery of this interaction was answered; raises when that was a refusal."""
        first = (await session.execute(_FIRST, self._called(session.actor))).one()
        if first.refused:
            raise Refused(first.answer)
        return self.answer.validate_python(first.answer)

    def _called(self, actor: Actor) -> dict[str, Any]:
        return {"guild": actor.guild_id, "interaction": actor.interaction_id, "called": self.name}


def use_case(
    capability: str | None,
) -> Callable[[Callable[Concatenate[Session, P], Awaitable[R]]], UseCase[P, R]]:
    """Give a service function its door. `capability` None: the function asks `session.require` itself."""

    def wrap(function: Callable[Concatenate[Session, P], Awaitable[R]]) -> UseCase[P, R]:
        return UseCase(function, capability)

    return wrap


__all__ = ["Actor", "Session", "Stage", "UseCase", "use_case"]
