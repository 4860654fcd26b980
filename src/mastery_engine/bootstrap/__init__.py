"""The one place where adapters are chosen by the settings and wired to the engine.

Nothing is opened before it is asked for.
"""

from mastery_engine.bootstrap.choice import MEMORY_URL, REQUESTS, RESULTS, Adapters
from mastery_engine.bootstrap.engine import Engine, open_engine
from mastery_engine.bootstrap.formula_file import load_formulas
from mastery_engine.bootstrap.foundation import CONSUMER_GROUP

__all__ = [
    "CONSUMER_GROUP",
    "MEMORY_URL",
    "REQUESTS",
    "RESULTS",
    "Adapters",
    "Engine",
    "load_formulas",
    "open_engine",
]
