"""Settings from the environment and `.env`; see `.env.example`."""

from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from db.address import parse_address

DISCORD_API = "https://discord.com/api/v10"


class Settings(BaseSettings):
    """What the host decides. Everything a guild decides is in its `guild` row."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        hide_input_in_errors=True,
    )

    discord_token: SecretStr | None = None
    database_url: str | None = Field(default=None, repr=False)
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

    @field_validator("log_format", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("discord_token")
    @classmethod
    def _one_word(cls, value: SecretStr | None) -> SecretStr | None:
        token = value.get_secret_value().strip() if value else ""
        if not (token.isascii() and token.isprintable()) or " " in token:
            raise ValueError("holds characters that no token has: copy it again")
        return SecretStr(token) if token else None

    @field_validator("discord_api_url")
    @classmethod
    def _an_address(cls, value: str) -> str:
        if not value.startswith(("https://", "http://")) or not urlsplit(value).hostname:
            raise ValueError(f"must begin with https:// or http:// (Discord's own is {DISCORD_API})")
        return value.rstrip("/")

    @field_validator("database_url")
    @classmethod
    def _a_database(cls, value: str | None) -> str | None:
        if value is not None:
            parse_address(value)
        return value

    @field_validator("shard_ids")
    @classmethod
    def _numbers(cls, value: str | None) -> str | None:
        if value is not None and not all(part.strip().isdecimal() for part in value.split(",")):
            raise ValueError("must be shard numbers with commas between them (0,1)")
        return value

    @model_validator(mode="after")
    def _shards_fit(self) -> Self:
        if self.shards is not None:
            if self.shard_count is None:
                raise ValueError("SHARD_IDS needs SHARD_COUNT: how many shards there are in all")
            if beyond := [shard for shard in self.shards if shard >= self.shard_count]:
                raise ValueError(
                    f"SHARD_IDS names shard {beyond[0]}, and with SHARD_COUNT={self.shard_count}"
                    f" they run from 0 to {self.shard_count - 1}"
                )
        return self

    @property
    def shards(self) -> list[int] | None:
        """The shards this process runs; None means all of them."""
        return sorted({int(part) for part in self.shard_ids.split(",")}) if self.shard_ids else None


class SettingsWrong(Exception):
    """A setting is missing or malformed. The sentence names the variable and never holds its value."""


def load_settings() -> Settings:
    """From the environment and `.env` of the current folder, or `SettingsWrong` with a sentence for each mistake."""
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsWrong("\n".join(_sentence(dict(mistake)) for mistake in error.errors())) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not written in UTF-8"
        raise SettingsWrong(f"The file .env cannot be read ({reason}).") from None


def _sentence(mistake: dict[str, Any]) -> str:
    said = mistake.get("ctx", {}).get("error") or mistake["msg"].replace("Input should be", "must be").partition(",")[0]
    if mistake["type"] == "literal_error":
        said = f"must be {mistake['ctx']['expected']}"
    variable = "".join(str(part).upper() for part in mistake["loc"])
    return f"{variable} {said}. Mend it in .env or in the environment.".lstrip()
