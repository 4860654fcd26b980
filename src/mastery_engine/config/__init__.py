"""Settings: from the environment (`MASTERY_...`), then from a TOML file, then the defaults.

Unsafe ones are refused, and so are lines of the file that are no settings.
"""

from mastery_engine.config.addresses import (
    DAPR_SCHEME,
    EMBEDDED_LOG,
    KAFKA_SCHEME,
    POSTGRES_SCHEME,
    REDIS_SCHEMES,
    is_loopback,
    without_secrets,
)
from mastery_engine.config.kinds import DerivedKind, LimitedRole
from mastery_engine.config.loading import load_settings, unknown_variables
from mastery_engine.config.safety import (
    LONGEST_PSEUDONYM_KEY_BYTES,
    SHORTEST_PSEUDONYM_KEY_BYTES,
    SHORTEST_SECRET_BYTES,
)
from mastery_engine.config.secrets import DAPRS_OWN
from mastery_engine.config.settings import (
    PREFIX,
    Settings,
)
from mastery_engine.config.settings_file import SETTINGS_FILE

__all__ = [
    "DAPRS_OWN",
    "DAPR_SCHEME",
    "EMBEDDED_LOG",
    "KAFKA_SCHEME",
    "LONGEST_PSEUDONYM_KEY_BYTES",
    "POSTGRES_SCHEME",
    "PREFIX",
    "REDIS_SCHEMES",
    "SETTINGS_FILE",
    "SHORTEST_PSEUDONYM_KEY_BYTES",
    "SHORTEST_SECRET_BYTES",
    "DerivedKind",
    "LimitedRole",
    "Settings",
    "is_loopback",
    "load_settings",
    "unknown_variables",
    "without_secrets",
]
