"""The customers that the suite of the customer store works on."""

from datetime import timedelta

from tests.unit.mcp_server.support import AS_OF

SOMEBODY = 12
SOMEBODY_ELSE = 13
CALLERS = 24
"""How many callers call at the same time."""
LATER = AS_OF + timedelta(days=40)
