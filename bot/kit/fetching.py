"""Attachments, fetched from Discord."""

import asyncio
from typing import ClassVar, Final

import aiohttp
import discord

from bot.kit.text import clip, safe
from bot.refusals import Refused

FETCH_SECONDS: Final = 60


class FileLost(Refused):
    code: ClassVar[str] = "upload.lost"


async def fetch(file: discord.Attachment) -> bytes:
    """Its bytes; refuses in a sentence when Discord or the connection fails."""
    shown = safe(clip(file.filename, 60))
    try:
        async with asyncio.timeout(FETCH_SECONDS):
            return await file.read()
    except TimeoutError:
        raise FileLost(f"Discord did not hand me {shown} within a minute: upload it again.") from None
    except discord.HTTPException as error:
        raise FileLost(f"Discord did not hand me {shown} (it answered {error.status}): upload it again.") from None
    except (aiohttp.ClientError, OSError):
        raise FileLost(f"The connection broke while I fetched {shown}: upload it again.") from None
