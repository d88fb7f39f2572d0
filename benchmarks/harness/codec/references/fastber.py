"""fastber itself, with the schema as it stands."""

from __future__ import annotations

from functools import partial

from benchmarks.harness.codec.references.base import Calls, Codec
from benchmarks.harness.codec.workloads import Workload


class Fastber:
    name = "fastber"

    def prepare(self, workload: Workload) -> Codec:
        return Calls(partial(workload.type.decode, workload.octets), partial(workload.type.encode, workload.value))
