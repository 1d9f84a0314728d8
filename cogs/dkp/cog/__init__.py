"""`/dkp`: one file a question people come with; this class is all of them under one group."""

from typing import TYPE_CHECKING

from cogs.dkp.cog.adjusting import Adjusting
from cogs.dkp.cog.decaying import Decay
from cogs.dkp.cog.giving import Giving
from cogs.dkp.cog.group import DKP
from cogs.dkp.cog.looking import Looking
from cogs.dkp.cog.undoing import Undoing

if TYPE_CHECKING:
    from bot.app import Quartermaster


class Dkp(Looking, Adjusting, Giving, Decay, Undoing):
    dkp = DKP

    def __init__(self, bot: "Quartermaster") -> None:
        self.bot = bot
