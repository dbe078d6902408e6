"""What is believed of clocks."""

from datetime import timedelta

CLOCKS_DIFFER = timedelta(minutes=5)
"""How much the clocks of those may differ who write, or verify, one casebook."""
