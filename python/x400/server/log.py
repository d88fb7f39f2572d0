"""Structured logging to stderr: one line an event, as key=value or as JSON; of repeated ones the number."""

from __future__ import annotations

import logging
import sys

import structlog

from x400.server.repetitions import LEFT_OUT, Repetitions

_log = structlog.get_logger("x400.server")
_repetitions = Repetitions(0)


def set_up(format: str = "console", level: str = "info", repeats: int = 0) -> None:
    """``format``: console or json; ``level``: debug, info, warning or error; ``repeats``: how many lines a minute of
    the same event of the same peer (0: all)."""
    global _repetitions
    _repetitions = Repetitions(repeats)
    renderer: structlog.types.Processor
    if format == "json":
        renderer = structlog.processors.JSONRenderer()
    else:
        renderer = structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"])
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            _repetitions,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def tell_left_out(*, everything: bool = False) -> None:
    """Log how many lines were left out; to be called now and then, and with ``everything`` at the end."""
    for left_out in _repetitions.take(everything=everything):
        tell = getattr(_log, left_out.level)
        tell(LEFT_OUT, of=left_out.event, peer=left_out.peer, number=left_out.number)
