"""Files of who was there, taken into a raid: what one would do, shown first; then done once.

evening.py    a raid and a file's moments side by side, names led to members
planning.py   what taking moments in does: the one answer that both the preview and the commit go by
previews.py   that answer for the leader
taking.py     done, with its evidence
loot.py       the items and prices of a log
zones.py      which clock the files of a person were written by
"""

from cogs.raids.service.imports.loot import LootPlan, LootRecorded, preview_loot, record_loot
from cogs.raids.service.imports.previews import (
    ImportPreview,
    MomentsOffered,
    MomentsPreview,
    Outcome,
    describe,
    offer_moments,
    preview_import,
    preview_moments,
    window_of,
)
from cogs.raids.service.imports.taking import (
    DumpImported,
    MomentsImported,
    import_dump,
    import_moments,
)
from cogs.raids.service.imports.zones import set_file_zone

__all__ = [
    "DumpImported",
    "ImportPreview",
    "LootPlan",
    "LootRecorded",
    "MomentsImported",
    "MomentsOffered",
    "MomentsPreview",
    "Outcome",
    "describe",
    "import_dump",
    "import_moments",
    "offer_moments",
    "preview_import",
    "preview_loot",
    "preview_moments",
    "record_loot",
    "set_file_zone",
    "window_of",
]
