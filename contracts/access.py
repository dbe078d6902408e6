"""How the tool server tells that a caller may not write, apart from what its tools say of the action itself."""

REFUSAL_KEY = "casewright/refusal"
"""In the metadata of a tool's answer."""
WRITE_ACCESS = "write-access"
"""The caller did not show the write token: nothing was done, and nothing is said about the action."""
