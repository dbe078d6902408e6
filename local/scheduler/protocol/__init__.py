"""The protocol's messages and what they mean: history events, a turn's actions, entity batches. No I/O, no clocks."""
