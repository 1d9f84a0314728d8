"""One evening's log, in the exact shape the game writes it, with everything in it that is nobody's business."""

from datetime import datetime, timedelta

BEGINS = datetime.fromisoformat("2026-08-02 20:00:00")
"""Local time: a log knows no zone."""
SECRETS = (
    "meet me at the docks",
    "officer gossip",
    "group whisper",
    "guild quarrel",
    "what I told Bob",
    "nothing to see",
    "hidden channel",
)
WHO = (
    "[50 Druid] Tom (Wood Elf) <Freya's Chariot> LFG",
    " AFK [49 Magician] Karen (Gnome) <Karens of Karana>",
    " <LINKDEAD>[60 Arch Mage] Ogey (Gnome) <Venerate>",
    "[ANONYMOUS] Bad  <Venerate> LFG",
    "[ANONYMOUS] Peter (Human)",
    "[120 Shadowblade (Rogue)] Bloodydagger(Iksar) < Realm of Insanity>",
    "[60 Storm Warden] Brambleth (Wood Elf) <Wolf Pack> TRADER",
)
CHAT = f"""\
Bob tells you, '{SECRETS[0]}'
You told Bob, '{SECRETS[4]}'
Bob tells the guild, '{SECRETS[3]}'
You say to your guild, ':::{SECRETS[3]}::: Tom 15 DKPSPENT'
Bob tells the group, '{SECRETS[2]}'
Bob tells officers:1, ':::{SECRETS[1]}:::Attendance:::'
You tell secret:3, '{SECRETS[6]}'
Bob says, '{SECRETS[5]}'
Bob tells you, '[60 Druid] {SECRETS[0]}'
Bob tells you, '{SECRETS[0]} has been awarded to Tom by random roll.'
Zed tells the raid,  '{SECRETS[5]}'""".split("\n")


def stamped(at: datetime, *bodies: str) -> str:
    return "".join(f"[{at:%a %b %d %H:%M:%S %Y}] {body}\r\n" for body in bodies)


def who(at: datetime, *people: str, place: str = "Plane of Fear") -> str:
    """A `/who` list as the log has it, with a tell in the middle of it."""
    count = "is 1 player" if len(people) == 1 else f"are {len(people)} players"
    return stamped(at, "Players on EverQuest:", "-" * 27, CHAT[0], *people, CHAT[8], f"There {count} in {place}.")


def seen(*names: str) -> list[str]:
    return [f"[60 Warrior] {name} (Human) <Wolf Pack>" for name in names]


def evening(begins: datetime = BEGINS, people: int = 12) -> str:
    """Three ticks half an hour apart, with calls, loot and chat between them."""
    names = ["Person" + "abcdefghijklmnopqrstuvwxyz"[n] for n in range(people)]
    parts = []
    for tick, call in enumerate(("First Call", "Second Call", "Third Call")):
        at = begins + timedelta(minutes=30 * tick)
        parts += [
            stamped(at - timedelta(minutes=2), *CHAT, "a turtle hits YOU for 12 points of damage."),
            who(at, *seen(*names[: people - tick])),
            stamped(
                at + timedelta(minutes=1),
                f"Undertree tells the raid,  ':::Raid Attendance Taken:::Attendance:::{call}:::'",
            ),
        ]
    return "".join(parts)
