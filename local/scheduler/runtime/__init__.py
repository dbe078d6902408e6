"""Pure logic: what an orchestrator's answer means, which entity operations may run. No I/O, no clocks."""
