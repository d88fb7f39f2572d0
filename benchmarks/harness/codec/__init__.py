"""The parts of benchmarks/codec.py: what is encoded, by whom, how it is timed and how it is shown."""
