"""What leaders and guilds type about auctions, read."""

from urllib.parse import quote


def item_url(template: str, item_name: str) -> str:
    """Where an item is looked up: the guild's template with the name in place of `{item}`, percent-encoded."""
    return template.replace("{item}", quote(item_name, safe=""))
