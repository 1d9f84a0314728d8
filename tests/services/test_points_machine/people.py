"""People come, go and turn out to be somebody: linked by an officer, or by a claim of their own."""

from hypothesis.stateful import rule

from bot import due, people
from bot.people import Seen
from bot.stage import Session
from cogs.members.service import claims, linking, presence
from tests.services.test_points_machine.played import CHANNEL, WHICH, WHO, D, Played


class People(Played):
    @rule()
    def time_passes(self) -> None:
        """Auctions end, start points are given, who left loses their bids."""
        self.world.clock.move(minutes=4)
        self.run(due.run_once(self.world.stage))

    @rule(who=WHO)
    def becomes_a_member(self, who: int) -> None:
        async def promote(session: Session) -> None:
            member = await people.get_member(session, self.ids[who])
            member.became_member_at = member.became_member_at or session.now
            await people.give_openings(session, self.ids[who], "member")

        self.does("promote", lambda: self.world.stage.run(self.itself, promote))

    @rule(who=WHO)
    def leaves_the_server(self, who: int) -> None:
        """They come back with whatever they do next."""
        user_id = self.raiders[who].user_id or 0
        self.does("leave", lambda: self.world.stage.run(self.itself, lambda session: presence.depart(session, user_id)))

    @rule(who=WHO, which=WHICH)
    def is_linked(self, who: int, which: int) -> None:
        if (old := self.unclaimed(which)) is not None:
            seen = Seen(self.raiders[who].user_id or 0, self.raiders[who].name, frozenset())
            link = (f"#{old}", seen)
            self._joins(old, who, lambda: linking.link_member(self.world.stage, self.officer, *link), "link")

    @rule(who=WHO, which=WHICH)
    def claims_a_character(self, who: int, which: int) -> None:
        character = self.pick(
            "SELECT character_id FROM character JOIN member ON member.guild_id = character.guild_id"
            " AND member_id = owner_member_id WHERE character.guild_id = $1 AND discord_user_id IS NULL"
            " AND retired_at IS NULL ORDER BY 1 DESC",
            which,
        )
        if character is None:
            return
        [row] = self.rows("SELECT owner_member_id FROM character WHERE guild_id = $1 AND character_id = $2", character)
        claim = (f"#{character}", CHANNEL)
        made = self.does("claim", lambda: claims.claim_character(self.world.stage, self.raiders[who], *claim))
        if made is not None:
            accept = (self.officer, made.claim_id)
            self._joins(row[0], who, lambda: claims.accept_claim(self.world.stage, *accept), "claim accepted")

    def _joins(self, old: int, who: int, act, name: str) -> None:
        before = self.balances()
        if self.does(name, act) is None:
            return
        after, new = self.balances(), self.ids[who]
        assert after.get(old, D(0)) == 0
        assert after.get(new, D(0)) == before.get(new, D(0)) + before.get(old, D(0)), "what they had went over"
        assert sum(after.values()) == sum(before.values()), "a link neither makes nor loses points"
