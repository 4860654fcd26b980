"""Settings of the language model that may reword reasons, and what they must be."""

from __future__ import annotations

from typing import Final
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, SecretStr

from mastery_engine.config.addresses import is_loopback, without_secrets
from mastery_engine.config.doors import DoorSettings
from mastery_engine.domain.errors import ConfigurationError

_ADDED: Final = "/chat/completions"
_EXAMPLE: Final = "write it like https://HOST/v1, without user, password, query and fragment"


class RewordingSettings(DoorSettings):
    """Which model is asked, and how much it may take."""

    rewording_url: str = Field(
        "",
        description="OpenAI-compatible endpoint of a language model that rewords the reasons of recommendations, without "
        "/chat/completions: https, or http on this machine; default: none, and nothing is reworded",
    )
    rewording_model: str = Field(
        "", max_length=200, description="name of that model; needed with an endpoint"
    )
    rewording_api_key: SecretStr | None = Field(None, description="what that endpoint wants to be shown")
    rewording_seconds: float = Field(
        2.0,
        gt=0,
        le=20,
        description="longest that an answer waits for its rewording; then its reasons are plain",
    )
    rewording_tokens_per_day: int = Field(
        100_000,
        ge=0,
        le=10**12,
        description="tokens that the rewordings of a school may take on a day of UTC, all replicas together",
    )

    def check_rewording(self) -> None:
        """Refuse an endpoint at which somebody on the way could listen, or that cannot be asked.

        Raises:
            ConfigurationError: It is neither https nor http on this machine, has no model, or a key that no header can hold.
        """
        if not self.rewording_url:
            return
        shown = without_secrets(self.rewording_url)
        parts = _parts(self.rewording_url)
        if parts is None:
            raise ConfigurationError(f"MASTERY_REWORDING_URL = {shown!r} is no endpoint; {_EXAMPLE}")
        if parts.path.rstrip("/").endswith(_ADDED):
            raise ConfigurationError(
                f"MASTERY_REWORDING_URL = {shown!r} must end before {_ADDED}, which is added to it"
            )
        if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            raise ConfigurationError(
                f"MASTERY_REWORDING_URL = {shown!r} must be https: by http, whoever sits on the way reads the key and "
                "changes what is said; http is taken from this machine only"
            )
        if not self.rewording_model:
            raise ConfigurationError(
                "MASTERY_REWORDING_URL needs MASTERY_REWORDING_MODEL, the model's name there"
            )
        key = "" if self.rewording_api_key is None else self.rewording_api_key.get_secret_value()
        if not key.isascii() or not key.isprintable() or key.strip() != key:
            raise ConfigurationError(
                "MASTERY_REWORDING_API_KEY holds characters that no header can; copy it again, without spaces or line ends"
            )


def _parts(url: str) -> SplitResult | None:
    """The parts of an endpoint; None for what is none."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return None
    strange = (
        "@" in parts.netloc
        or "?" in url
        or "#" in url
        or not url.isascii()
        or not url.isprintable()
        or " " in url
    )
    return None if strange or not host or parts.scheme not in {"https", "http"} else parts
