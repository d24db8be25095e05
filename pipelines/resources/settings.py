"""Settings: where things lie and which key is used; from ``VARIORUM_*`` variables or ``variorum.toml``."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

SETTINGS_FILE = "variorum.toml"


class SettingsError(ValueError):
    """A setting that cannot be used; the message says which, what is wrong and what would be right."""


class Settings(BaseSettings):
    """Every setting. A variable wins over the file; secrets never show themselves."""

    model_config = SettingsConfigDict(env_prefix="VARIORUM_", extra="forbid", frozen=True)

    home: Path = Field(Path(".variorum"), description="working folder: raw area, landing, runs")
    inbox: Path | None = Field(None, description="where exports arrive; default: <home>/inbox")
    store: str | None = Field(None, description="where releases are published; default: <home>/store")
    pseudonym_key: SecretStr | None = Field(None, description="64 or more hex digits; 32 bytes")
    pseudonym_key_file: Path | None = Field(None, description="a file that holds the key in hex")

    @field_validator("pseudonym_key")
    @classmethod
    def _is_hex(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            key_bytes(value.get_secret_value())
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The variables first, then what was read from the settings file."""
        return env_settings, init_settings

    @property
    def inbox_folder(self) -> Path:
        """Where exports arrive."""
        return (self.inbox or self.home / "inbox").expanduser().absolute()

    @property
    def store_uri(self) -> str:
        """Where releases are published."""
        return self.store or str(self.home.expanduser().absolute() / "store")


def key_bytes(text: str) -> bytes:
    """A key from its hex digits.

    Raises:
        ValueError: they are no hex digits, or fewer than 64; the message holds none of them.
    """
    try:
        secret = bytes.fromhex(text.strip())
    except ValueError:
        raise ValueError("must be hex digits; make one with: openssl rand -hex 32") from None
    if len(secret) < 32:
        raise ValueError(f"has {len(secret)} bytes, needs 32 or more; make one with: openssl rand -hex 32")
    return secret


def load_settings(file: Path | None = None) -> Settings:
    """The settings of this process.

    Args:
        file: the settings file; default ``variorum.toml`` in the working folder, if it is there.

    Raises:
        SettingsError: the file is no TOML, or a setting is unknown or wrong.
    """
    path = file or Path(SETTINGS_FILE)
    values: dict[str, Any] = {}
    if path.exists():
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{path}: is no valid TOML: {error}") from None
    elif file is not None:
        raise SettingsError(f"{file}: there is no such file")
    try:
        return Settings(**values)
    except ValidationError as error:
        raise SettingsError("\n".join(_told(detail, path) for detail in error.errors())) from None


def _told(detail: Any, path: Path) -> str:
    name = ".".join(str(step) for step in detail["loc"])
    message = str(detail["msg"]).removeprefix("Value error, ")
    if detail["type"] == "extra_forbidden":
        known = ", ".join(Settings.model_fields)
        return f"{path}: unknown setting {name}; known: {known}"
    return f"setting {name} (VARIORUM_{name.upper()} or {path}): {message}"
