"""The language-model agents: one bounded loop, three specialists, one aggregator."""
