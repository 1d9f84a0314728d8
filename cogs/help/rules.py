"""The topics of `/help`, in the order a person meets them. Extend the table; nothing else knows of it."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Topic:
    """A wish, who has it, what to know, and the commands for it by their full names."""

    wish: str
    capability: str
    words: str
    commands: tuple[str, ...]


TOPICS: Final = (
    # --- anybody's --------------------------------------------------------------------------------------------------
    Topic(
        "find out how something works",
        "help.view",
        "Ask by what you want, and I answer to you alone. Every option explains itself while you type, and names are"
        " matched kindly: case and small slips do not matter.",
        ("help",),
    ),
    Topic(
        "check in to a raid",
        "raids.check_in",
        "Press **Check in** on the raid's board, **Standby** when you wait on the bench, **Leave** when you go. Each"
        " tick credits you as you stand then; the bench gets its share of the points and counts in full as attendance.",
        ("raid show",),
    ),
    Topic(
        "bid on an item",
        "auctions.bid",
        "Press an amount on the auction's board, or **Other…** to type one; in a sealed auction **Offer…**. **Max…**"
        " bids for you up to what you say, and nobody else sees it. What it can cost is held until you are outbid, so"
        " the same points never back two bids. **My points** says where you lead, where you are outbid, and what you"
        " can spend.",
        ("auction bid", "auction list", "auction show"),
    ),
    Topic(
        "see points",
        "dkp.view",
        "Your own balance with what is held and what you can spend is for you alone; of others the balance is shown."
        " The history has every movement with its reason and the balance after it.",
        ("dkp balance", "dkp history", "dkp standings", "pool list"),
    ),
    Topic(
        "know where my points come from",
        "dkp.view",
        "Each line of the history has a number and a **Why?**: it says what the entry came from, the evidence for it"
        " and what took it back. **Chart** draws your balance over time.",
        ("dkp history", "dkp explain"),
    ),
    Topic(
        "see my attendance",
        "attendance.view",
        "Raids you were credited at, out of those held since you count: 7, 30, 60 and 90 days and all time. Standby"
        " counts in full, excused raids not at all.",
        ("attendance show", "attendance leaderboard"),
    ),
    Topic(
        "claim a tick that missed me",
        "raids.claim",
        "Zoning or linkdead at the wrong second? Say so within 72 hours: leaders accept or refuse with one press, and"
        " you are told.",
        ("raid claim",),
    ),
    Topic(
        "give somebody points",
        "dkp.transfer",
        "Where a pool allows it, you can give what you can spend: nothing that is held for a bid or under the floor."
        " Whoever gets it is told.",
        ("dkp transfer",),
    ),
    Topic(
        "keep my characters",
        "characters.own",
        "Points are yours and not a character's: alts earn for you too, and changing your main moves nothing."
        " A dump or log that shows any of your characters credits you, once.",
        ("character add", "character main", "character edit", "character retire"),
    ),
    Topic(
        "claim an imported character",
        "characters.claim",
        "Characters brought over from the guild's old system wait for their people. Say which is yours; with an"
        " officer's yes its points and history become yours.",
        ("character claim",),
    ),
    Topic(
        "know and change what is kept of me",
        "me.own",
        "Your profile at a glance, which messages you want, everything I keep about you in a file, and being forgotten."
        " All of it is for you alone.",
        ("me profile", "me notifications", "me export", "me forget"),
    ),
    Topic(
        "see who plays what",
        "characters.view",
        "Mains come first, alts behind them; a character's history names its owners and why it changed hands.",
        ("character list", "character history"),
    ),
    Topic(
        "look at raids past and running",
        "raids.view",
        "The board of a raid shows who was there, the ticks and the loot, and works wherever you open it.",
        ("raid list", "raid show"),
    ),
    Topic(
        "see who got what",
        "loot.view",
        "Every item that was won or awarded, with what was paid; undone awards are shown as undone. For one item:"
        " how often it dropped, what it usually costs, and a chart.",
        ("loot history", "loot prices"),
    ),
    Topic(
        "know how points and prices move, and who wins how much",
        "stats.view",
        "Points in circulation, what was earned, spent and decayed, how prices went week by week, and what everybody"
        " won beside how often they were there; the last 90 days, or as many as you say.",
        ("stats points", "stats loot"),
    ),
    # --- leaders' ---------------------------------------------------------------------------------------------------
    Topic(
        "lead a raid",
        "raids.manage",
        "Start one, and its board goes up with the buttons people need; **Lead…** on it is your private panel. A tick"
        " credits everybody who is there at that moment; starting and ending are none.",
        ("raid start", "raid tick", "raid end", "raid reopen"),
    ),
    Topic(
        "add, remove or credit people at a raid",
        "raids.manage",
        "Whoever you add is credited from then on, members and guests alike. After the end you choose the ticks they"
        " were at and see what it pays first.",
        ("raid add", "raid remove"),
    ),
    Topic(
        "import who was there from a file",
        "raids.manage",
        "Attach a roster, a guild dump or a log (zipped, if large), or paste lines: you see whom it credits, into which"
        " tick, before anything is written. Names I do not know wait until you sort them out; the same file twice"
        " changes nothing.",
        ("raid import",),
    ),
    Topic(
        "take a tick back",
        "raids.manage",
        "You see first who ends where and whose open bids stand; then each credit is reversed by an entry of its own.",
        ("raid undo-tick",),
    ),
    Topic(
        "put items up for bids",
        "auctions.manage",
        "Form, minimum, increment, time and every other rule are the guild's unless you say otherwise; the raid that"
        " runs is taken, and its pool. Several items go up at once with the form, an item a line, on one board.",
        ("auction start", "auction batch"),
    ),
    Topic(
        "change or stop an auction",
        "auctions.manage",
        "Who has a bid in it leaves this to somebody else who may. Closing early and cancelling need a reason, which"
        " everybody reads; points held for its bids are free again. While it is paused the clock stands, nobody bids,"
        " and what is held stays held.",
        ("auction extend", "auction pause", "auction resume", "auction close", "auction void", "auction cancel"),
    ),
    Topic(
        "give what was won to somebody else",
        "loot.undo",
        "You see first who gets back what and what the new owner has then. The award is undone and another recorded,"
        " for what was paid unless you say otherwise; the reason is shown beside it.",
        ("auction reassign",),
    ),
    Topic(
        "record loot that was bid for in the game",
        "loot.award",
        "Who got it, how, and what it cost; rolls and gifts cost nothing. What looks recorded already is asked first.",
        ("loot award",),
    ),
    Topic(
        "cancel a raid",
        "raids.cancel",
        "Its ticks are reversed, its open auctions cancelled, and it leaves attendance. Items already won stay won"
        " unless you undo them too.",
        ("raid cancel",),
    ),
    # --- officers' --------------------------------------------------------------------------------------------------
    Topic(
        "give or take points by hand",
        "dkp.adjust",
        "One person, or many at once by a role or a list of names: you see everybody's before and after, and confirm"
        " once. Reasons you gave before are offered again.",
        ("dkp adjust", "dkp adjust-many"),
    ),
    Topic(
        "undo what went wrong",
        "dkp.undo",
        "Pick the act from the list; you see what follows before anything is reversed. Nothing is ever deleted: each"
        " entry gets one that takes it back, and both stay readable.",
        ("dkp undo", "loot undo"),
    ),
    Topic(
        "let points decay",
        "dkp.decay",
        "Once or by a schedule, in percent, never below the floor and never on a bid that a board shows. The preview"
        " says what it takes; a run is undone as one act.",
        ("dkp decay preview", "dkp decay apply", "dkp decay schedule", "dkp decay stop"),
    ),
    Topic(
        "move in from another system",
        "dkp.import",
        "Give me the export of EQdkp Plus or OpenDKP, or a CSV: I prove that its totals add up, show what is odd, and"
        " take it in as one act that can be undone. People wait until they are linked or claim themselves.",
        ("dkp import",),
    ),
    Topic(
        "take our points elsewhere",
        "dkp.export",
        "The whole ledger, balances, attendance and loot as CSV or JSON. Another server of mine reads the JSON back.",
        ("dkp export",),
    ),
    Topic(
        "export attendance",
        "attendance.export",
        "One line a person with all windows, and the raids behind them.",
        ("attendance export",),
    ),
    Topic(
        "link an imported person to who they are here",
        "members.link",
        "An imported person's points, characters and history go over to whoever they are here, and it can be undone.",
        ("member link",),
    ),
    Topic(
        "give a character to somebody else",
        "characters.manage",
        "The character changes hands with a reason that is kept; points stay where they were earned.",
        ("character transfer",),
    ),
    Topic(
        "have several pools, start points, a floor or a cap",
        "pools.manage",
        "A pool is a purse of its own, with its start points, floor, cap and decimals. An archived one keeps its"
        " history and takes nothing new; creating its name again brings it back.",
        ("pool create", "pool edit", "pool archive"),
    ),
    Topic(
        "see who changed what",
        "audit.view",
        "Every change is a sentence with who, when and why.",
        ("audit search",),
    ),
    Topic(
        "see the settings",
        "settings.view",
        "Every setting with what it means, and what roles may do.",
        ("settings show",),
    ),
    Topic(
        "change the settings",
        "settings.edit",
        "Only what you name is changed. Raids and auctions that run keep what they began with.",
        ("settings guild", "settings channels", "settings raids", "settings auctions"),
    ),
    Topic(
        "say who may do what",
        "settings.permissions",
        "A group follows from a Discord role, and what a group may do is fixed. Beside that you can let any role do one"
        " thing more: a role of loot masters may run auctions, say.",
        ("settings roles", "settings permissions"),
    ),
    Topic(
        "set me up",
        "settings.setup",
        "The panel goes through zone, roles, channels and the first pool, and does what it recommends in one press.",
        ("setup",),
    ),
)
