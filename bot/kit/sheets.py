"""Tables that leave as files of a message; what is in them is written by `bot.kit.cells`."""

import io
import zipfile
from typing import Final

import discord

LARGEST_FILE: Final = 9_500_000
"""Discord takes 10 MiB from a bot; above it a file is packed."""


def attachment(name: str, content: bytes) -> discord.File:
    """A file as Discord takes it: one that is too large goes as a zip of itself."""
    if len(content) <= LARGEST_FILE:
        return discord.File(io.BytesIO(content), name)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    packed.seek(0)
    return discord.File(packed, f"{name}.zip")
