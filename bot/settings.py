"""Settings from the environment and `.env`; see `.env.example`."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

DISCORD_API = "https://discord.com/api/v10"


class Settings(BaseSettings):
    """What the host decides. Everything a guild decides is in its `guild` row."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore")

    discord_token: SecretStr | None = None
    database_url: str | None = None
    """postgresql://user:password@host/database; empty starts an embedded PostgreSQL in `data_dir`."""
    discord_api_url: str = DISCORD_API
    shard_count: int | None = Field(default=None, ge=1)
    shard_ids: str | None = None
    """Comma-separated; only with `shard_count`."""
    data_dir: Path = Path("data")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] = "text"

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @property
    def shards(self) -> list[int] | None:
        """The shards this process runs; None means all of them."""
        return [int(part) for part in self.shard_ids.split(",")] if self.shard_ids else None
