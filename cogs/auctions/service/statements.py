"""The SQL of placing bids, built once, because building it each time would cost more than sending it.

What there are many of travels as arrays or as one JSON text (`db.rows`), so that a statement reads the same however
many bids it serves.
"""

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Numeric,
    Text,
    and_,
    bindparam,
    case,
    cast,
    column,
    delete,
    exists,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, aggregate_order_by, insert

from db.rows import insert_many
from db.tables import LIVE_BIDS, Base, Bid

_TABLES = Base.metadata.tables
_auction, _bid, _hold, _account = _TABLES["auction"], _TABLES["bid"], _TABLES["hold"], _TABLES["account"]
_pool, _raid, _roster, _tick, _credit = (_TABLES[t] for t in ("pool", "raid", "raid_member", "tick", "tick_credit"))
_member, _character = _TABLES["member"], _TABLES["character"]


STANDING = literal_column("'standing'")
"""Spelt out: a bound parameter would hide from the planner that the partial index of standing bids serves it."""
# Parameters are named apart from columns, which SQLAlchemy keeps for VALUES and SET.


def _id(name: str) -> Any:
    return bindparam(name, type_=BigInteger())


def _points(name: str) -> Any:
    return bindparam(name, type_=Numeric(12, 2))


def _moment(name: str) -> Any:
    return bindparam(name, type_=DateTime(timezone=True))


_guild_id, _auction_id, _pool_id, _me = (_id(name) for name in ("this_guild", "this_auction", "this_pool", "me"))


def _ids(name: str) -> Any:
    return bindparam(name, type_=ARRAY(BigInteger()))


_members = _ids("members")


def _in_raid(member: Any) -> Any:
    """At the auction's raid now, or credited with a tick of it."""
    return or_(
        exists().where(
            _roster.c.guild_id == _guild_id,
            _roster.c.raid_id == _auction.c.raid_id,
            _roster.c.member_id == member,
            _roster.c.status.in_(("present", "standby")),
        ),
        exists().where(
            _credit.c.guild_id == _guild_id,
            _credit.c.member_id == member,
            _credit.c.tick_id == _tick.c.tick_id,
            _tick.c.guild_id == _guild_id,
            _tick.c.raid_id == _auction.c.raid_id,
            _tick.c.undone_at.is_(None),
        ),
    )


_this_auction = (_auction.c.guild_id == _guild_id, _auction.c.auction_id == _auction_id)
WHO_IN_RAID = (
    select(_member.c.member_id)
    .select_from(_auction)
    .join(_member, and_(_member.c.guild_id == _guild_id, _member.c.member_id == func.any(_members)))
    .where(*_this_auction, _in_raid(_member.c.member_id))
)
"""Which of `members` are at the auction's raid, or were credited with a tick of it."""

_characters = (
    select(
        func.jsonb_agg(
            aggregate_order_by(
                func.jsonb_build_array(
                    _character.c.character_id,
                    _character.c.name,
                    _character.c.character_class,
                    _character.c.level,
                    _character.c.is_main,
                ),
                _character.c.is_main.desc(),
                _character.c.character_id,
            ),
            type_=JSONB,
        )
    )
    .where(
        _character.c.guild_id == _guild_id,
        _character.c.owner_member_id == _account.c.member_id,
        _character.c.retired_at.is_(None),
    )
    .scalar_subquery()
)
_accounts = (
    select(func.count())
    .where(
        _account.c.guild_id == _guild_id,
        _account.c.pool_id == _auction.c.pool_id,
        _account.c.member_id == func.any(_members),
    )
    .scalar_subquery()
)

# Only the auction's own columns are trusted to be newest here (the joined ones are as they were before any wait);
# bids, holds and accounts are read by the next statement.
LOCK_AUCTION = (
    select(
        _auction,
        _pool.c.decimals,
        _pool.c.floor.label("pool_floor"),
        _raid.c.name.label("raid_name"),
        _raid.c.status.label("raid_status"),
        _accounts.label("accounts"),
    )
    .select_from(_auction)
    .join(_pool, and_(_pool.c.guild_id == _guild_id, _pool.c.pool_id == _auction.c.pool_id))
    .outerjoin(_raid, and_(_raid.c.guild_id == _guild_id, _raid.c.raid_id == _auction.c.raid_id))
    .where(*_this_auction)
    .with_for_update(of=_auction)
)

OPEN_ACCOUNTS = (
    insert(_account)
    .from_select(["guild_id", "pool_id", "member_id"], select(_guild_id, _pool_id, func.unnest(_members)))
    .on_conflict_do_nothing()
)

_is_bidder = _account.c.member_id == func.any(_members)
_held_members = select(_hold.c.member_id).where(_hold.c.guild_id == _guild_id, _hold.c.auction_id == _auction_id)
# Whose accounts: an array, because joined to a sub-select an account that changed while we waited for its lock may be
# left out (its row is checked again, and of unnested members PostgreSQL 18 then sees only the first).
_touched = func.array_cat(_members, func.array(_held_members.scalar_subquery()))
LOCK_ACCOUNTS = (
    select(
        _account.c.member_id,
        _account.c.balance,
        _account.c.held,
        _bid.c.bid_id,
        _bid.c.sequence,
        _bid.c.amount,
        _bid.c.maximum,
        _bid.c.tier,
        _member.c.display_name,
        _member.c.discord_user_id,
        _member.c.left_at,
        _member.c.muted,
        _member.c.wanted,
        _member.c.pinged,
        case((_is_bidder, _characters)).label("characters"),
        case((_is_bidder, _in_raid(_account.c.member_id))).label("in_raid"),
    )
    .select_from(_account)
    .join(_auction, and_(*_this_auction))
    .join(_member, and_(_member.c.guild_id == _guild_id, _member.c.member_id == _account.c.member_id))
    .outerjoin(
        _bid,
        and_(
            _bid.c.guild_id == _guild_id,
            _bid.c.auction_id == _auction_id,
            _bid.c.member_id == _account.c.member_id,
            _bid.c.status == STANDING,
        ),
    )
    .where(
        _account.c.guild_id == _guild_id,
        _account.c.pool_id == _pool_id,
        _account.c.member_id == func.any(_touched),
    )
    .order_by(_account.c.pool_id, _account.c.member_id)
    .with_for_update(of=_account)
)

REPLACE = (
    update(_bid)
    .where(
        _bid.c.guild_id == _guild_id,
        _bid.c.auction_id == _auction_id,
        _bid.c.member_id == _me,
        _bid.c.status.in_(LIVE_BIDS),
        func.coalesce(_bid.c.maximum, _bid.c.amount) > _points("above"),
    )
    .values(status="replaced")
)


def _records(name: str, **columns: Any) -> Any:
    """Rows that travel as one JSON text: `[{"member_id": 7, "amount": "5"}]`."""
    typed = [column(each, kind) for each, kind in columns.items()]
    text = cast(bindparam(name, type_=Text), JSON)
    return func.json_to_recordset(text).table_valued(*typed, name=name).render_derived(with_types=True)


_holds = _records("holds", member_id=BigInteger, amount=Numeric(12, 2))
_moves = _records("moves", member_id=BigInteger, more=Numeric(12, 2))
_released = (
    delete(_hold)
    .where(
        _hold.c.guild_id == _guild_id,
        _hold.c.auction_id == _auction_id,
        _hold.c.member_id == func.any(_ids("released")),
    )
    .cte("released_holds")
)
_place = insert(_hold).from_select(
    ["guild_id", "auction_id", "member_id", "pool_id", "amount", "placed_at"],
    select(_guild_id, _auction_id, _holds.c.member_id, _pool_id, _holds.c.amount, _moment("now")),
)
_placed = _place.on_conflict_do_update(
    index_elements=[_hold.c.guild_id, _hold.c.auction_id, _hold.c.member_id],
    set_={"amount": _place.excluded.amount, "placed_at": _place.excluded.placed_at},
).cte("placed_holds")
_moved = (
    update(_account)
    .where(
        _account.c.guild_id == _guild_id,
        _account.c.pool_id == _pool_id,
        _account.c.member_id == _moves.c.member_id,
    )
    .values(held=_account.c.held + _moves.c.more)
    .cte("moved_accounts")
)
_beaten = (
    update(_bid)
    .where(_bid.c.guild_id == _guild_id, _bid.c.bid_id == func.any(_ids("stepped_down")), _bid.c.status == STANDING)
    .values(status=bindparam("stepped_down_as", type_=Text))
    .returning(_bid.c.bid_id)
    .cte("beaten")
)
_advanced = (
    update(_auction)
    .where(*_this_auction)
    .values(
        last_sequence=bindparam("number"),
        ends_at=_moment("new_end"),
        snipe_moves=bindparam("moves_made"),
        price=_points("new_price"),
    )
    .cte("advanced")
)
BID_COLUMNS = tuple(each.name for each in _bid.c if each.name not in ("bid_id", "voided_reason"))
# One of a person's bids stands, so what stepped down must have done so before this stands: counting waits for it.
_stepped_down = select(func.count()).select_from(_beaten).scalar_subquery()
WRITE_BIDS = insert_many(Bid, BID_COLUMNS, where=_stepped_down >= 0).add_cte(
    _released, _placed, _moved, _beaten, _advanced
)
"""All that came of a batch in one round trip: holds, accounts, the beaten bids, the auction, the new bids."""

HELD_ON = (
    select(_hold.c.member_id, _auction.c.item_name)
    .join(_hold, and_(_hold.c.guild_id == _guild_id, _hold.c.auction_id == _auction.c.auction_id))
    .where(_auction.c.guild_id == _guild_id, _hold.c.pool_id == _pool_id, _hold.c.member_id == func.any(_members))
    .order_by(_auction.c.ends_at, _auction.c.auction_id)
)
