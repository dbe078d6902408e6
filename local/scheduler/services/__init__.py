"""The protocol's RPCs by role: translation between messages and operations, nothing else."""
