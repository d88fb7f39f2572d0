"""Association control (X.217, X.227)."""

from x400.osi.acse.connection import Connection

__all__ = ["Connection"]
