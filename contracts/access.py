"""How the tool server marks that a caller may not write, as distinct from a tool's refusal of the action."""

REFUSAL_KEY = "casewright/refusal"
"""In the metadata of a tool's answer."""
WRITE_ACCESS = "write-access"
"""The caller did not show the write token: nothing was done, and nothing is said about the action."""
