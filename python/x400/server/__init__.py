"""The running MTA: supervisor, workers, associations in and out, delivery; wires all that is below together."""

from x400.server.config import Config, ConfigError, load
from x400.server.supervisor import run

__all__ = ["Config", "ConfigError", "load", "run"]
