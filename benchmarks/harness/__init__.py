"""What the benchmarks share: CPU accounting, paired rounds, the floor of a decode, and the reference MTA."""
