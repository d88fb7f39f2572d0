"""`x400 run`."""

from __future__ import annotations

from pathlib import Path

from x400.cli.console import fail

__all__ = ["run"]


def run(config: Path, /) -> int:
    """Run the MTA that CONFIG describes, until SIGTERM or SIGINT.

    Prints one line for each listener once it answers. SIGTERM finishes what is in flight and exits 0; SIGHUP reads the
    routes again.

    Parameters
    ----------
    config
        A TOML file, such as examples/relay.toml; `x400 check` looks it over.
    """
    from x400.server.config import ConfigError, load
    from x400.server.supervisor import run as run_mta

    try:
        loaded = load(config)
    except ConfigError as error:
        fail(error)
    return run_mta(loaded)
