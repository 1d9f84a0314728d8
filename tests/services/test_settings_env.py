"""Settings from `.env` and the environment, and the sentences for the malformed."""

import re
from pathlib import Path

import pytest
from sqlalchemy import URL

from bot.settings import DISCORD_API, Settings, SettingsWrong, load_settings
from db.address import parse_address, place

ROOT = Path(__file__).parents[2]
SECRET = "geheim"


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty folder and none of our variables."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def given(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return load_settings()


def test_nothing_need_be_set() -> None:
    settings = load_settings()
    assert settings.discord_token is None
    assert settings.database_url is None
    assert settings.discord_api_url == DISCORD_API
    assert settings.shards is None
    assert (settings.log_level, settings.log_format, settings.data_dir) == ("INFO", "text", Path("data"))


def test_the_environment_wins_over_the_env_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text("DISCORD_TOKEN=from.the.file\nLOG_LEVEL=debug\n# LOG_FORMAT=json\n")
    settings = given(monkeypatch, DISCORD_TOKEN="from.the.environment")
    assert settings.discord_token is not None
    assert settings.discord_token.get_secret_value() == "from.the.environment"
    assert (settings.log_level, settings.log_format) == ("DEBUG", "text")


def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = given(monkeypatch, SHARD_COUNT="", DATABASE_URL="", DISCORD_TOKEN="", LOG_FORMAT="")
    assert settings == Settings()


def test_the_example_is_complete_and_as_it_stands_the_default() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    named = set(re.findall(r"^([A-Z_]+)=", example, flags=re.MULTILINE))
    assert named == {name.upper() for name in Settings.model_fields}
    default = load_settings()
    Path(".env").write_text(example)
    assert load_settings() == default


def test_shard_ids_are_numbers_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    assert given(monkeypatch, SHARD_COUNT="8", SHARD_IDS="3, 1,3").shards == [1, 3]


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL must be 'DEBUG', 'INFO', 'WARNING' or 'ERROR'."),
        ({"LOG_FORMAT": "xml"}, "LOG_FORMAT must be 'text' or 'json'."),
        ({"SHARD_COUNT": "two"}, "SHARD_COUNT must be a valid integer."),
        ({"SHARD_COUNT": "0"}, "SHARD_COUNT must be greater than or equal to 1."),
        ({"SHARD_IDS": "0"}, "SHARD_IDS needs SHARD_COUNT"),
        ({"SHARD_IDS": "0;1", "SHARD_COUNT": "2"}, "SHARD_IDS must be shard numbers"),
        ({"SHARD_IDS": "0,2", "SHARD_COUNT": "2"}, "they run from 0 to 1"),
        ({"DISCORD_API_URL": "discord.com"}, "DISCORD_API_URL must begin with https://"),
        ({"DISCORD_API_URL": "https://"}, "DISCORD_API_URL must begin with https://"),
        ({"DISCORD_TOKEN": "two words"}, "DISCORD_TOKEN holds characters that no token has"),
        ({"DISCORD_TOKEN": "tokén"}, "DISCORD_TOKEN holds characters that no token has"),
        ({"DATABASE_URL": f"mysql://me:{SECRET}@host/house"}, "DATABASE_URL must begin with postgresql://"),
        ({"DATABASE_URL": f"postgresql://me:{SECRET}@host"}, "DATABASE_URL names no database"),
        ({"DATABASE_URL": "postgresql:///house"}, "DATABASE_URL names no host"),
        ({"DATABASE_URL": f"postgresql://me:{SECRET}@host:port/house"}, "DATABASE_URL has a port that is no number"),
        ({"DATABASE_URL": f"postgresql://me:{SECRET}@[::1/house"}, "DATABASE_URL is no address"),
    ],
)
def test_a_malformed_setting_is_a_sentence_that_names_it_and_not_its_value(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], told: str
) -> None:
    with pytest.raises(SettingsWrong) as wrong:
        given(monkeypatch, **variables)
    assert told in str(wrong.value)
    assert str(wrong.value).endswith("Mend it in .env or in the environment.")
    assert SECRET not in str(wrong.value)


def test_every_mistake_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsWrong) as wrong:
        given(monkeypatch, LOG_LEVEL="loud", SHARD_COUNT="two")
    assert len(str(wrong.value).splitlines()) == 2


def test_an_env_file_that_is_no_text_is_a_sentence() -> None:
    Path(".env").write_bytes(b"DISCORD_TOKEN=\xff\xfe\n")
    with pytest.raises(SettingsWrong, match=r"\.env cannot be read"):
        load_settings()


def test_secrets_are_not_shown_with_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = given(monkeypatch, DISCORD_TOKEN=SECRET, DATABASE_URL=f"postgresql://me:{SECRET}@host/house")
    assert SECRET not in repr(settings) + str(settings)


# -- addresses of databases --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("postgres://me:geheim@host/house", "house at host"),
        ("postgresql://me:geheim@host:6432/house?sslmode=require", "house at host:6432"),
        ("postgresql+asyncpg://me:geheim@host/house", "house at host"),
        ("postgresql://me:geheim@one:5432,two:5433/house", "house at one:5432,two:5433"),
        ("postgresql://me:geheim@[::1]:5432/house", "house at [::1]:5432"),
        ("postgresql:///house?host=/var/run/postgresql", "house at /var/run/postgresql"),
        ("postgresql://me@host/?dbname=house", "house at host"),
    ],
)
def test_an_address_is_taken_as_people_write_it_and_shown_without_the_password(written: str, shown: str) -> None:
    assert place(parse_address(written)) == shown


def test_words_only_libpq_knows_are_left_out_and_the_rest_reaches_the_driver() -> None:
    url = parse_address("postgresql://me:p%40ss@host/house?sslmode=require&channel_binding=require&connect_timeout=9")
    assert url.query["dsn"] == "postgresql://me:p%40ss@host/house?sslmode=require"


def test_an_embedded_servers_address_is_shown_too() -> None:
    assert place(URL.create("postgresql+asyncpg", database="house", query={"host": "/run"})) == "house at /run"
