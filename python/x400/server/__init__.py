"""The running MTA: supervisor, workers, associations in and out, delivery; wires all that is below together."""
