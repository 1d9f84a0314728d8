"""What must always be true, whatever ran at once: read as the owner, who sees behind the policies."""

from typing import Any

import asyncpg

_WRONGS = {
    "the balance of member {who} is {a}, the sum of their entries {b}": """
        SELECT member_id AS who, coalesce(balance, 0) AS a, coalesce(total, 0) AS b
        FROM account FULL JOIN (SELECT guild_id, pool_id, member_id, sum(amount) AS total
                                FROM ledger_entry GROUP BY 1, 2, 3) entries USING (guild_id, pool_id, member_id)
        WHERE coalesce(balance, 0) <> coalesce(total, 0)""",
    "member {who} holds {a}, the sum of their open holds is {b}": """
        SELECT member_id AS who, coalesce(held, 0) AS a, coalesce(total, 0) AS b
        FROM account FULL JOIN (SELECT guild_id, hold.pool_id, member_id, sum(amount) AS total
                                FROM hold JOIN auction USING (guild_id, auction_id) WHERE status = 'open'
                                GROUP BY 1, 2, 3) holds USING (guild_id, pool_id, member_id)
        WHERE coalesce(held, 0) <> coalesce(total, 0)""",
    "entry {who} says the balance was {a} after it, its predecessors add up to {b}": """
        SELECT entry_id AS who, balance_after AS a, total AS b
        FROM (SELECT entry_id, balance_after, sum(amount) OVER (
                         PARTITION BY guild_id, pool_id, member_id ORDER BY entry_id) AS total
              FROM ledger_entry) running
        WHERE balance_after <> total""",
    "auction {who} is {a} and {b} awards of it stand": """
        SELECT auction_id AS who, auction.status AS a, count(award_id) FILTER (WHERE undone_at IS NULL) AS b
        FROM auction LEFT JOIN award USING (guild_id, auction_id)
        GROUP BY guild_id, auction_id, auction.status, quantity, without_bid
        HAVING count(award_id) FILTER (WHERE undone_at IS NULL)
               > CASE WHEN auction.status = 'won' OR (auction.status = 'no_bids' AND without_bid = 'given')
                      THEN quantity ELSE 0 END
            OR (auction.status = 'won' AND count(award_id) = 0)""",
    "award {who} cost {a}, its entry took {b}": """
        SELECT award_id AS who, cost AS a, -coalesce(amount, 0) AS b
        FROM award LEFT JOIN ledger_entry USING (guild_id, entry_id) WHERE cost <> -coalesce(amount, 0)""",
    "award {who} is undone: {a}, its entry was reversed {b} times": """
        SELECT award_id AS who, undone_at IS NOT NULL AS a, count(reversal.entry_id) AS b
        FROM award LEFT JOIN ledger_entry reversal
             ON reversal.guild_id = award.guild_id AND reversal.reverses_entry_id = award.entry_id
        WHERE cost <> 0 GROUP BY award.guild_id, award_id
        HAVING count(reversal.entry_id) <> (undone_at IS NOT NULL)::int""",
    "auction {who} is {a} with {b} standing bids": """
        SELECT auction_id AS who, auction.status AS a, count(bid_id) AS b
        FROM auction JOIN bid USING (guild_id, auction_id) WHERE bid.status IN ('standing', 'won')
        GROUP BY guild_id, auction_id, auction.status, kind, quantity
        HAVING (count(bid_id) > quantity AND (kind = 'open' OR auction.status <> 'open'))
            OR auction.status NOT IN ('open', 'won')""",
    "auction {who} is held for {a}, its standing bid can cost {b}": """
        SELECT auction_id AS who, hold.amount AS a, most AS b
        FROM hold FULL JOIN (SELECT guild_id, auction_id, member_id, coalesce(maximum, amount) AS most
                             FROM bid WHERE status = 'standing') bid USING (guild_id, auction_id, member_id)
        WHERE hold.amount IS DISTINCT FROM most""",
    "auction {who} counts {a} bids and has {b}": """
        SELECT auction_id AS who, last_sequence AS a, count(bid_id) AS b
        FROM auction LEFT JOIN bid USING (guild_id, auction_id)
        GROUP BY guild_id, auction_id HAVING last_sequence <> count(bid_id)""",
    "tick {who} is undone: {a}; {b} of its entries say otherwise": """
        SELECT tick_id AS who, tick.undone_at IS NOT NULL AS a, count(*) AS b
        FROM tick JOIN tick_credit USING (guild_id, tick_id)
             LEFT JOIN ledger_entry reversal ON reversal.guild_id = tick.guild_id
                                            AND reversal.reverses_entry_id = tick_credit.entry_id
        WHERE tick_credit.entry_id IS NOT NULL AND (tick.undone_at IS NULL) <> (reversal.entry_id IS NULL)
        GROUP BY tick.guild_id, tick_id""",
    "member {who} turned out to be {b} and still has {a}": """
        SELECT member_id AS who, balance AS a, absorbed_by_member_id AS b
        FROM member JOIN account USING (guild_id, member_id)
        WHERE absorbed_by_member_id IS NOT NULL AND balance <> 0""",
    "raid {who} took ticks {a} and {b} within two minutes": """
        SELECT one.raid_id AS who, one.number AS a, two.number AS b
        FROM tick one JOIN tick two ON (one.guild_id, one.raid_id) = (two.guild_id, two.raid_id)
        WHERE one.tick_id < two.tick_id AND one.undone_at IS NULL AND two.undone_at IS NULL
          AND two.taken_at - one.taken_at < interval '120 seconds'""",
}


class House:
    """Sees every guild at once."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self.connection = connection

    async def wrongs(self) -> list[str]:
        """What does not add up, a sentence each; empty when the house is in order."""
        found = []
        for sentence, query in _WRONGS.items():
            found += [sentence.format(**row) for row in await self.connection.fetch(query)]
        return found

    async def overspent(self) -> list[str]:
        """Who holds more than they have. Bids alone never lead there; an officer who takes points does."""
        query = "SELECT member_id, held, balance FROM account WHERE held > balance"
        return [f"member {member} holds {held} of {balance}" for member, held, balance in await self.all(query)]

    async def one(self, query: str, *args: object) -> Any:
        return await self.connection.fetchval(query, *args)

    async def all(self, query: str, *args: object) -> list[asyncpg.Record]:
        return await self.connection.fetch(query, *args)
