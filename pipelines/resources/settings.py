"""Settings: where things lie and which key is used; from ``VARIORUM_*`` variables or ``variorum.toml``."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, Literal

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
    s3_endpoint: str | None = Field(None, description="address of an S3 server; default: AWS")
    s3_region: str | None = Field(None, description="the bucket's region; default: as AWS's own settings say")
    s3_path_style: bool | None = Field(None, description="bucket in the path; default: yes, if there is an endpoint")
    s3_sse: Literal["AES256", "aws:kms"] | None = Field(None, description="encryption by the server")
    s3_kms_key: str | None = Field(None, description="the key for aws:kms; default: the bucket's own")
    pseudonym_key: SecretStr | None = Field(None, description="64 or more hex digits; 32 bytes")
    pseudonym_key_file: Path | None = Field(None, description="a file that holds the key in hex")
    signing_key_file: Path | None = Field(None, description="a private Ed25519 key in PEM; releases are signed with it")
    trusted_key_file: Path | None = Field(None, description="a public one; releases must be signed with it")

    @field_validator("pseudonym_key")
    @classmethod
    def _is_hex(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            key_bytes(value.get_secret_value())
        return value

    @field_validator("s3_endpoint")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        if value is not None and re.fullmatch(r"https?://[A-Za-z0-9.:\[\]-]+/?", value) is None:
            raise ValueError("must be https://host or https://host:port, with no user and no path")
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

    def of_s3(self) -> dict[str, str]:
        """What is set about S3, as the variables would say it."""
        given = {name: getattr(self, name) for name in type(self).model_fields if name.startswith("s3_")}
        return {name: str(value) for name, value in given.items() if value is not None}


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
