"""The codecs that fastber is held against, each behind the same face."""

from benchmarks.harness.codec.references.base import Codec, NotAvailable, Reference, Spent, spend
from benchmarks.harness.codec.references.fastber import Fastber
from benchmarks.harness.codec.references.java import Asn1bean
from benchmarks.harness.codec.references.packages import Asn1tools, Pyasn1, Pycrate
from benchmarks.harness.codec.references.programs import Asn1c, Erlang, Rasn

__all__ = [
    "Asn1bean",
    "Asn1c",
    "Asn1tools",
    "Codec",
    "Erlang",
    "Fastber",
    "NotAvailable",
    "Pyasn1",
    "Pycrate",
    "Rasn",
    "Reference",
    "Spent",
    "spend",
]
