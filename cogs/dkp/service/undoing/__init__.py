"""`/dkp undo`: what was done in words, what follows from undoing it, and the reversals.

A slice says in `bot.registry.undo` how its acts are undone. Here are those of points: single entries, and acts that
moved many (a batch, a transfer, a decay run), which are brought back by undoing their undo.
"""

from cogs.dkp.service.undoing.acts import ActUndo, undoable_acts
from cogs.dkp.service.undoing.entries import EntryUndo
from cogs.dkp.service.undoing.everything import preview_undo, recent_acts, undo

__all__ = ["ActUndo", "EntryUndo", "preview_undo", "recent_acts", "undo", "undoable_acts"]
