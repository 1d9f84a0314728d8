"""The SQL of placing a bid, built once, because building it each time would cost more than sending it."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    DateTime,
    Numeric,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    literal_column,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by, insert

from db.tables import Base

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

_in_raid = or_(
    exists().where(
        _roster.c.guild_id == _guild_id,
        _roster.c.raid_id == _auction.c.raid_id,
        _roster.c.member_id == _me,
        _roster.c.status.in_(("present", "standby")),
    ),
    exists().where(
        _credit.c.guild_id == _guild_id,
        _credit.c.member_id == _me,
        _credit.c.tick_id == _tick.c.tick_id,
        _tick.c.guild_id == _guild_id,
        _tick.c.raid_id == _auction.c.raid_id,
        _tick.c.undone_at.is_(None),
    ),
)

IN_RAID = select(_in_raid).select_from(_auction).where(
    _auction.c.guild_id == _guild_id, _auction.c.auction_id == _auction_id
)  # fmt: skip
"""Whether `me` is at the auction's raid, or was credited with a tick of it."""

_my_characters = (
    select(
        func.jsonb_agg(
            aggregate_order_by(
                func.jsonb_build_array(
                    _character.c.character_id, _character.c.name, _character.c.character_class, _character.c.level
                ),
                _character.c.is_main.desc(),
                _character.c.character_id,
            ),
            type_=JSONB,
        )
    )
    .where(
        _character.c.guild_id == _guild_id,
        _character.c.owner_member_id == _me,
        _character.c.retired_at.is_(None),
    )
    .scalar_subquery()
)

# Only the auction's own columns are trusted to be newest here (the joined ones are as they were before any wait);
# bids, holds and accounts are read by the next statement.
LOCK_AUCTION = (
    select(
        _auction,
        _pool.c.decimals,
        _pool.c.floor,
        _raid.c.name.label("raid_name"),
        _raid.c.status.label("raid_status"),
        _my_characters.label("characters"),
        _in_raid.label("in_raid"),
        exists()
        .where(_account.c.guild_id == _guild_id, _account.c.pool_id == _auction.c.pool_id, _account.c.member_id == _me)
        .label("has_account"),
    )
    .select_from(_auction)
    .join(_pool, and_(_pool.c.guild_id == _guild_id, _pool.c.pool_id == _auction.c.pool_id))
    .outerjoin(_raid, and_(_raid.c.guild_id == _guild_id, _raid.c.raid_id == _auction.c.raid_id))
    .where(_auction.c.guild_id == _guild_id, _auction.c.auction_id == _auction_id)
    .with_for_update(of=_auction)
)

OPEN_ACCOUNT = insert(_account).values(guild_id=_guild_id, pool_id=_pool_id, member_id=_me).on_conflict_do_nothing()

_held_members = select(_hold.c.member_id).where(_hold.c.guild_id == _guild_id, _hold.c.auction_id == _auction_id)
LOCK_ACCOUNTS = (
    select(
        _account.c.member_id,
        _account.c.balance,
        _account.c.held,
        _hold.c.amount.label("own_hold"),
        _bid.c.bid_id,
        _bid.c.sequence.label("bid_sequence"),
        _bid.c.amount.label("bid_amount"),
        _member.c.display_name,
        _member.c.discord_user_id,
        _member.c.left_at,
        _member.c.muted,
        _member.c.wanted,
        _member.c.pinged,
    )
    .select_from(_account)
    .join(_member, and_(_member.c.guild_id == _guild_id, _member.c.member_id == _account.c.member_id))
    .outerjoin(
        _hold,
        and_(
            _hold.c.guild_id == _guild_id,
            _hold.c.auction_id == _auction_id,
            _hold.c.member_id == _account.c.member_id,
        ),
    )
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
        _account.c.member_id.in_(union_all(select(_me), _held_members)),
    )
    .order_by(_account.c.pool_id, _account.c.member_id)
    .with_for_update(of=_account)
)

_released = (
    delete(_hold)
    .where(_hold.c.guild_id == _guild_id, _hold.c.auction_id == _auction_id, _hold.c.member_id != _me)
    .cte("released")
)
_place = insert(_hold).values(
    guild_id=_guild_id,
    auction_id=_auction_id,
    member_id=_me,
    pool_id=_pool_id,
    amount=_points("new_amount"),
    placed_at=_moment("now"),
)
_placed = _place.on_conflict_do_update(
    index_elements=[_hold.c.guild_id, _hold.c.auction_id, _hold.c.member_id],
    set_={"amount": _place.excluded.amount, "placed_at": _place.excluded.placed_at},
).cte("placed")
_moved = (
    update(_account)
    .where(
        _account.c.guild_id == _guild_id,
        _account.c.pool_id == _pool_id,
        _account.c.member_id.in_([_me, _id("beaten")]),
    )
    .values(held=_account.c.held + case((_account.c.member_id == _me, _points("more")), else_=-_points("given_back")))
    .cte("moved")
)
_beaten = (
    update(_bid)
    .where(_bid.c.guild_id == _guild_id, _bid.c.auction_id == _auction_id, _bid.c.status == STANDING)
    .values(status="outbid")
    .returning(_bid.c.bid_id)
    .cte("beaten")
)
_advanced = (
    update(_auction)
    .where(_auction.c.guild_id == _guild_id, _auction.c.auction_id == _auction_id)
    .values(last_sequence=bindparam("number"), ends_at=_moment("new_end"), snipe_moves=bindparam("moves"))
    .cte("advanced")
)
_filled = [column for column in _bid.c if column.name not in ("bid_id", "voided_reason")]
_new_bid = select(*(bindparam(f"bid_{column.name}", type_=column.type) for column in _filled))
# At most one bid stands, so the beaten one must have stepped down before this one stands: counting waits for it.
_stepped_down = select(func.count().label("bids")).select_from(_beaten).subquery()
PLACE_BID = (
    insert(_bid)
    .from_select(_filled, _new_bid.where(_stepped_down.c.bids >= 0))
    .add_cte(_released, _placed, _moved, _beaten, _advanced)
)
"""The whole of an accepted bid in one round trip: hold, accounts, the beaten bid, the auction, the new bid."""
_counted = (
    update(_auction)
    .where(_auction.c.guild_id == _guild_id, _auction.c.auction_id == _auction_id)
    .values(last_sequence=bindparam("number"))
    .cte("counted")
)
INSERT_REFUSED = insert(_bid).from_select(_filled, _new_bid).add_cte(_counted)

HELD_ON = (
    select(_auction.c.item_name)
    .join(_hold, and_(_hold.c.guild_id == _guild_id, _hold.c.auction_id == _auction.c.auction_id))
    .where(_auction.c.guild_id == _guild_id, _hold.c.pool_id == _pool_id, _hold.c.member_id == _me)
    .order_by(_auction.c.ends_at, _auction.c.auction_id)
)
