"""`x400`: the app and its entry point. What a command needs of the layers below it imports when it is called."""

from __future__ import annotations

import sys
from collections.abc import Callable

import structlog
from cyclopts import App, CycloptsError

from x400.cli.arguments import STDIN
from x400.cli.check import check
from x400.cli.console import CommandFailed, say_error
from x400.cli.demo import demo
from x400.cli.inspect import inspect
from x400.cli.load import load
from x400.cli.peers import peers
from x400.cli.quarantine import quarantine
from x400.cli.queue import queue
from x400.cli.run import run
from x400.cli.send import send
from x400.cli.sink import sink
from x400.cli.trace import trace

__all__ = ["app", "main"]


def _version() -> str:
    from importlib.metadata import version

    return version("x400")


app = App(
    name="x400",
    help="A Message Handling System (ITU-T X.400): a relay, and what it takes to look into it and to test it.",
    help_format="plaintext",
    version=_version,
)
_COMMANDS: tuple[Callable[..., int], ...] = (demo, run, check, send, inspect, peers, trace, load, sink)
for _key, _command in enumerate(_COMMANDS):
    app.command(_command, sort_key=_key)
queue.sort_key = _COMMANDS.index(inspect)
app.command(queue)
quarantine.sort_key = queue.sort_key
app.command(quarantine)


def main(arguments: list[str] | None = None) -> None:
    """Run the command that the arguments name, and exit with its code: 0 for success, 1 for failure, 2 for misuse."""
    # what a command prints is its result; what went wrong on the way is told beside it
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    given = sys.argv[1:] if arguments is None else arguments
    given = [str(STDIN) if argument == "-" else argument for argument in given]
    try:
        code = app(given, exit_on_error=False, result_action="return_value")
    except CycloptsError:
        sys.exit(2)
    except CommandFailed as failure:
        say_error(str(failure))
        sys.exit(failure.code)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
