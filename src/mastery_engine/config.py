"""Settings: from the environment (`MASTERY_...`), then from a TOML file, then the defaults. Unsafe ones are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Literal

from platformdirs import user_data_path
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from mastery_engine.domain.errors import ConfigurationError

PREFIX: Final = "MASTERY_"
SHORTEST_SECRET_BYTES: Final = 32
SHORTEST_PSEUDONYM_KEY_BYTES: Final = 16
DerivedKind = Literal["day", "component", "activity"]


class Settings(BaseSettings):
    """What is in force. Every field is a variable `MASTERY_{NAME}` and a line `name = ...` of the TOML file."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True)

    env: Literal["development", "production"] = Field(
        "development", description="production refuses to start without the secrets that it needs"
    )
    home: Path = Field(
        default_factory=lambda: user_data_path("mastery-engine"), description="folder of the embedded data"
    )
    config: Path | None = Field(
        None, description="TOML file with settings; default: mastery.toml under the home"
    )
    store_url: str = Field(
        "", description="state store; default: sqlite:/// under the home, memory:// for trying out"
    )
    log_url: str = Field("embedded", description="event log")
    archive_url: str = Field(
        "", description="archive, audit trail, rosters; default: sqlite:/// under the home"
    )
    jwt_secret: SecretStr | None = Field(None, description="secret of HS256 tokens, at least 32 bytes")
    jwt_issuer: str = Field("mastery-engine", description="issuer that a token must name")
    jwt_audience: str = Field("mastery-api", description="audience that a token must name")
    pseudonym_key: SecretStr | None = Field(
        None, description="key of the hashes that stand for students; embedded: made under the home"
    )
    tenant: str = Field("default", description="tenant of the command line")
    formulas: Path | None = Field(None, description="TOML file with further formulas and rollouts")
    derived_keys: tuple[DerivedKind, ...] = Field(
        ("day", "component", "activity"), description="kinds of derived keys to write"
    )
    batch_size: int = Field(5_000, ge=1, le=100_000, description="most records in one step of the worker")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "warning", description="least level of log lines"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments first, then the environment, then the file that either of them names or the home holds."""
        del dotenv_settings, file_secret_settings
        known: dict[str, Any] = {**env_settings(), **init_settings()}
        file = (
            known.get("config")
            or Path(known.get("home") or user_data_path("mastery-engine")) / "mastery.toml"
        )
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, Path(file))

    @property
    def database_folder(self) -> Path:
        """Folder of the embedded state store."""
        return _sqlite_folder(self.store_url, self.home)

    @property
    def archive_folder(self) -> Path:
        """Folder of the embedded archive."""
        return _sqlite_folder(self.archive_url, self.home)

    def check_secrets(self) -> None:
        """Refuse to serve unsafely.

        Raises:
            ConfigurationError: A secret is missing or too short; the message says how to make one.
        """
        how = "make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
        if self.jwt_secret is not None:
            if len(self.jwt_secret.get_secret_value().encode()) < SHORTEST_SECRET_BYTES:
                raise ConfigurationError(
                    f"MASTERY_JWT_SECRET has fewer than {SHORTEST_SECRET_BYTES} bytes; {how}"
                )
        elif self.env == "production":
            raise ConfigurationError(f"MASTERY_JWT_SECRET is required in production; {how}")
        key = self.pseudonym_key
        if key is not None and len(key.get_secret_value().encode()) < SHORTEST_PSEUDONYM_KEY_BYTES:
            raise ConfigurationError(
                f"MASTERY_PSEUDONYM_KEY has fewer than {SHORTEST_PSEUDONYM_KEY_BYTES} bytes; {how}"
            )


def load_settings(**given: Any) -> Settings:
    """Read the settings.

    Args:
        given: Settings that go before environment and file.

    Raises:
        ConfigurationError: A setting is not valid; every one is named.
    """
    try:
        return Settings(**given)
    except ValidationError as error:
        found = "; ".join(
            f"{PREFIX}{'.'.join(map(str, item['loc'])).upper()}: {item['msg']}" for item in error.errors()
        )
        raise ConfigurationError(f"settings are not valid: {found}") from None
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"the settings file cannot be read: {error}") from None


def _sqlite_folder(url: str, home: Path) -> Path:
    if not url:
        return home
    scheme, _, path = url.partition(":///")
    if scheme == "sqlite" and path:
        return Path(path)
    raise ConfigurationError(f"cannot use {url!r} here; known are sqlite:///FOLDER and memory://")
