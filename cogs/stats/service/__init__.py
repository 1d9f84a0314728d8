"""What the rows say over a window: `points_stats` of pools, `loot_stats` of awards. Changes nothing."""

from cogs.stats.service.loot import LootStats, loot_stats
from cogs.stats.service.points import PoolStats, points_stats

__all__ = ["LootStats", "PoolStats", "loot_stats", "points_stats"]
