"""Presentation (X.216, X.226): contexts, and the framing of the values exchanged in them."""

from x400.osi.presentation.connection import Connection, Parameters
from x400.osi.presentation.user_data import PDV

__all__ = ["PDV", "Connection", "Parameters"]
