"""Every setting, and where each is read from."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Literal

from platformdirs import user_data_path
from pydantic import Field, SecretStr
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from mastery_engine.config.addresses import (
    DAPR_SCHEME,
    EMBEDDED_LOG,
    POSTGRES_SCHEME,
    REDIS_SCHEMES,
    without_secrets,
)
from mastery_engine.config.kinds import DerivedKinds, UserPath
from mastery_engine.config.rewording import RewordingSettings
from mastery_engine.config.safety import (
    check_jwks,
    check_pseudonym_key,
    check_secrets,
    secrets_of,
)
from mastery_engine.config.settings_file import check_readable, file_of
from mastery_engine.domain.errors import ConfigurationError

PREFIX: Final = "MASTERY_"
_SERVERS: Final = {
    "store_url": "redis://HOST:PORT/DATABASE",
    "archive_url": "postgresql://USER:PASSWORD@HOST/DATABASE",
}


class Settings(RewordingSettings):
    """What is in force.

    Every field is a variable `MASTERY_{NAME}` and a line `name = ...` of the TOML file.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", env_ignore_empty=True)

    home: UserPath = Field(
        default_factory=lambda: user_data_path("mastery-engine"), description="folder of the embedded data"
    )
    config: UserPath | None = Field(
        None, description="TOML file with settings; default: mastery.toml under the home"
    )
    store_url: str = Field(
        "",
        description="state store: redis://HOST:PORT/DATABASE (rediss:// by TLS, redis+sentinel://, redis+cluster://), "
        "or dapr://COMPONENT of a sidecar; "
        "default: sqlite:/// under the home, memory:// for trying out",
    )
    dapr_api_token: SecretStr | None = Field(
        None, description="what a Dapr sidecar wants to be shown; default: DAPR_API_TOKEN"
    )
    log_url: str = Field(
        EMBEDDED_LOG, description="event log: embedded, or kafka://HOST:PORT with commas between several"
    )
    registry_url: str = Field("", description="schema registry, Confluent-compatible; needed for Kafka")
    kafka_prefix: str = Field(
        "",
        pattern=r"^[A-Za-z0-9._-]{0,50}$",
        description="put before topics and consumer groups, for several installations on one cluster",
    )
    kafka_partitions: int = Field(
        6, ge=1, le=1_000, description="partitions of the topics; the dead letters' has half of them"
    )
    kafka_replication: int | None = Field(
        None, ge=1, le=10, description="replicas of the topics; default: 3 in production, else 1"
    )
    kafka_group_protocol: Literal["consumer", "classic"] = Field(
        "consumer",
        description="how consumers share partitions: consumer (KIP-848), or classic for older brokers",
    )
    kafka_security_protocol: Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"] = Field(
        "plaintext", description="how brokers are spoken to"
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", description="how a user proves itself to Kafka"
    )
    kafka_sasl_username: str = Field("", description="user of Kafka")
    kafka_sasl_password: SecretStr | None = Field(None, description="password of that user")
    kafka_ca_file: UserPath | None = Field(
        None, description="certificates that Kafka's own must be signed by"
    )
    archive_url: str = Field(
        "",
        description="archive, audit trail, rosters, dead letters: postgresql://USER:PASSWORD@HOST/DATABASE; "
        "default: sqlite:/// under the home",
    )
    ledger_copy_url: str = Field(
        "",
        description="where a copy of the erasure ledger is kept, apart from the data, so that no restore brings back who was "
        "erased: a folder, or s3://, gs:// or az:// with bucket and path; keyed hashes alone; default: none",
    )
    cache_url: str = Field(
        "",
        description="cache that processes share: redis://HOST:PORT/0, for a store that is not Redis itself; default: none",
    )
    cache_bytes: int = Field(
        64 << 20, ge=0, le=64 << 30, description="memory for learners that a service keeps for 30 s; 0: none"
    )
    dapr_pubsub: str = Field(
        "pubsub",
        pattern=r"^[a-z0-9.-]{1,100}$",
        description="pub/sub component from which the Dapr sidecar brings learning.events",
    )
    tenant: str = Field(
        "default",
        pattern=r"^[a-z0-9][a-z0-9_-]{0,49}$",
        description="tenant of the command line, and of services that call through Dapr with no JWT",
    )
    formulas: UserPath | None = Field(None, description="TOML file with further formulas and rollouts")
    derived_keys: DerivedKinds = Field(
        ("day", "component", "activity"), description="kinds of derived keys to write"
    )
    retention_every_seconds: int = Field(
        3_600,
        ge=0,
        le=604_800,
        description="seconds from one clearing of what has outlived its school's retention to the next; "
        "0: only `mastery privacy retention --apply` clears it",
    )
    batch_size: int = Field(5_000, ge=1, le=100_000, description="most records in one step of the worker")
    health_port: int | None = Field(
        None,
        ge=0,
        le=65_535,
        description="port at which `worker` and `archiver` answer GET /health and /ready; default: none",
    )
    health_host: str = Field("127.0.0.1", description="address of that port")
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
        """Arguments first, then the environment, then the file that either of them names or the home holds.

        Raises:
            ConfigurationError: The file that is named is not there, or cannot be read.
        """
        del dotenv_settings, file_secret_settings
        known: dict[str, Any] = {**env_settings(), **init_settings()}
        file = file_of(known)
        check_readable(file)
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, file)

    @property
    def database_folder(self) -> Path:
        """Folder of the embedded log and its lock, and of the state where that is embedded too.

        Raises:
            ConfigurationError: `store_url` names neither a folder nor a server.
        """
        return self.home if self.store_on_server else self._sqlite_folder("store_url")

    @property
    def store_on_server(self) -> bool:
        """Whether the state is in Redis, with a Dapr sidecar before it or without."""
        return self.store_url.startswith((*REDIS_SCHEMES, DAPR_SCHEME))

    @property
    def archive_file(self) -> Path | None:
        """File of the records; None where they are in PostgreSQL."""
        return None if self.archive_on_postgres else self.archive_folder / "archive.db"

    @property
    def archive_folder(self) -> Path:
        """Folder of the embedded archive.

        Raises:
            ConfigurationError: `archive_url` names no folder.
        """
        return self._sqlite_folder("archive_url")

    def check_secrets(self) -> None:
        """Refuse to serve unsafely.

        Raises:
            ConfigurationError: A secret is missing or too short, and the message says how to make one; or what is set for
                tokens does not go together.
        """
        check_secrets(self)
        check_jwks(self)

    def check_pseudonym_key(self) -> None:
        """Refuse a key of the students' hashes that would not hide them, or that would be cut.

        Raises:
            ConfigurationError: It is too short or too long.
        """
        check_pseudonym_key(self.pseudonym_key, self.env)

    @property
    def checks_tokens(self) -> bool:
        """Whether anything is named that tokens are verified with."""
        return self.jwt_secret is not None or bool(self.jwt_jwks_url)

    @property
    def jwt_secrets(self) -> tuple[bytes, ...]:
        """Secrets of HS256 tokens: the one that signs, then the earlier ones."""
        return secrets_of(self)

    @property
    def archive_on_postgres(self) -> bool:
        """Whether archive, audit trail, rosters and dead letters are in PostgreSQL."""
        return self.archive_url.startswith(POSTGRES_SCHEME)

    def _sqlite_folder(self, name: Literal["store_url", "archive_url"]) -> Path:
        url: str = getattr(self, name)
        if not url:
            return self.home
        scheme, _, path = url.partition(":///")
        if scheme == "sqlite" and path:
            return Path(path).expanduser()
        server = _SERVERS[name]
        raise ConfigurationError(
            f"{PREFIX}{name.upper()} = {without_secrets(url)!r} names no folder of files; "
            f"write it like sqlite:///FOLDER, or {server}"
        )
