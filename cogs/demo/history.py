"""Two months of the guild's past, the same at every first start, through the slices' own use cases."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from random import Random

from bot.uploads import unpack
from cogs.demo.cast import GUILD, OUTINGS, PEOPLE, Outing, Person
from cogs.demo.story import Story
from cogs.demo.world import World
from cogs.dkp.rules import AdjustKind
from cogs.dkp.service import adjustments, decay_schedules
from cogs.dkp.service.decays import Asked
from cogs.members.service import characters, presence
from cogs.moving.rules.reading import read_document
from cogs.moving.service.importing import import_file
from cogs.moving.service.looking import Given, look
from cogs.moving.service.progress import Progress
from cogs.raids.service import evening
from cogs.settings.service import guild as settings
from db.scope import Database

STORY = "2"
"""Counted up when the past is told differently: a demo that kept another one starts over."""
WEEKS = 9
RAID_DAYS = (1, 6)
"""Tuesdays and Sundays."""
TICKS = 3
BEGINS = time(19, 0, tzinfo=UTC)
LEADERS = ("quillan", "torvald")
MASTER = PEOPLE[0].user
APPLICANTS_COME = 12
"""Before which evening."""
CHANNEL_OF = {"raids": "raid-night", "auctions": "raid-night", "loot": "raid-night", "audit": "officers"}

VETERANS = {"Aldwyn": 210, "Merrowen": 85}
"""In the spreadsheet, and not in Discord."""

BETWEEN: dict[int, tuple[str, int, AdjustKind, str]] = {
    3: ("nettle", 10, "bonus", "Brought the whole druid circle to cure"),
    7: ("cadoc", 5, "penalty", "Pulled the second dragon early. Again."),
    11: ("fenwick", 15, "bonus", "Rebuilt the raid guide, with maps"),
    14: ("hroth", -12, "correction", "Credited twice on Sunday, by his own account"),
}
"""After which evening: what the guild's master posted by hand."""


async def play(db: Database, world: World) -> None:
    """From the first evening to yesterday."""
    now = datetime.now(UTC)
    first = datetime.combine(now.date() - timedelta(weeks=WEEKS), BEGINS)
    story = await Story.open(db, world, first - timedelta(days=1), Random(STORY))
    await _found_the_guild(story)
    for number, begins in enumerate(_evenings(first, now)):
        story.clock.moment = begins
        if number == APPLICANTS_COME:
            await _apply(story)
        await _evening(story, LEADERS[number % 4 == 3], OUTINGS[number % len(OUTINGS)])
        if number in BETWEEN:
            user, amount, kind, reason = BETWEEN[number]
            await adjustments.adjust(story.stage, story.actor(MASTER), user, Decimal(amount), reason, kind=kind)
    await story.close_the_book()


def _evenings(first: datetime, now: datetime) -> Iterator[datetime]:
    """Two a week, up to the day before today."""
    begins = first
    while begins < now - timedelta(hours=20):
        if begins.weekday() in RAID_DAYS:
            yield begins
        begins += timedelta(days=1)


async def _found_the_guild(story: Story) -> None:
    """Set up by the guild's master; characters and the points they had in the spreadsheet before."""
    channels = {kind: story.world.channels[name].id for kind, name in CHANNEL_OF.items()}
    founders = [person for person in PEOPLE if person.group != "applicant"]
    await settings.use_recommended(
        story.stage,
        story.actor(MASTER),
        "UTC",
        {group: role.id for group, role in story.world.roles.items()},
        channels,
        [story.seen(person) for person in founders],
    )
    await settings.change_guild(
        story.stage, story.actor(MASTER), None, {"game": "EverQuest", "guild_name": GUILD, "server": "Lantern Reach"}
    )
    general = story.world.channels["general"].id
    await story.stage.run(story.itself, lambda session: settings.welcome(session, general))
    for person in founders:
        await _add_characters(story, person)
    await _move_in(story, founders)
    await decay_schedules.schedule(story.stage, story.actor(MASTER), "month", Asked(5))


async def _move_in(story: Story, founders: Sequence[Person]) -> None:
    """The old spreadsheet, with two in it who have not come to Discord yet: somebody may claim to be one of them."""
    brought = {person.main.name: 40 + int(person.keen * 120) for person in founders} | VETERANS
    rows = "".join(f"{name},{amount},Brought over from the old spreadsheet\n" for name, amount in brought.items())
    content = f"member,amount,reason\n{rows}".encode()
    document = read_document(unpack("spreadsheet.csv", content), "csv", UTC)
    given = Given("spreadsheet.csv", hashlib.sha256(content).hexdigest(), document, None)
    master = story.actor(MASTER)
    plan = await story.stage.read(master, "dkp.import", lambda session: look(session, given))
    await import_file(story.stage, master, given, plan.fingerprint, Progress())


async def _apply(story: Story) -> None:
    """Applicants join the server and add what they play."""
    for person in PEOPLE:
        if person.group == "applicant":
            await story.stage.run(story.itself, partial(presence.arrive, seen=story.seen(person)))
            await _add_characters(story, person)


async def _add_characters(story: Story, person: Person) -> None:
    for played in (person.main, *person.alts):
        await characters.add_character(
            story.stage, story.actor(person.user), played.name, played.character_class, played.level
        )


async def _evening(story: Story, leader: str, outing: Outing) -> None:
    """Muster, ticks, what drops between them, home."""
    dice, clock = story.dice, story.clock
    eager = [person for person in PEOPLE if person.group != "applicant" and dice.random() < person.keen]
    bench = [person.user for person in eager if person.keen < 0.5 and dice.random() < 0.4]
    present = sorted({leader, *(person.user for person in eager)} - set(bench))
    raid_id = await story.start_raid(leader, outing.event, outing.points)
    late = [user for user in present if user != leader and dice.random() < 0.08]
    clock.pass_by(minutes=4)
    await story.bring(leader, raid_id, [user for user in present if user not in late])
    await story.bring(leader, raid_id, bench, "standby")
    drops = dice.sample(outing.drops, dice.choice((1, 2, 2, 3)))
    for number in range(TICKS):
        clock.pass_by(minutes=dice.randint(3, 9))
        await story.tick(leader, raid_id)
        clock.pass_by(minutes=dice.randint(12, 25))
        if number == 0:
            await story.bring(leader, raid_id, late)
        for item, minimum in drops[number : number + 1]:
            auction_id = await story.auction(leader, item, minimum, timedelta(minutes=3))
            await story.bidding(auction_id, minimum, present, seconds_apart=14)
            clock.pass_by(minutes=4)
            await story.catch_up()
    clock.pass_by(minutes=10)
    await evening.end_raid(story.stage, story.actor(leader), raid_id, "win" if dice.random() < 0.85 else "wipe")
