"""What the benchmarks share: CPU accounting, the floor of a decode, memory and growth, and the reference MTA."""
