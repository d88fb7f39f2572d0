"""What the benchmarks share: CPU accounting, paired rounds, and the reference MTA."""
