"""`/auction`: one file a question people come with; this class is all of them under one group."""

from cogs.auctions.cog.reassigning import Reassigning
from cogs.auctions.cog.roles import Roles
from cogs.auctions.cog.running import Running
from cogs.auctions.cog.starting import Starting


class Auctions(Starting, Running, Reassigning, Roles): ...
