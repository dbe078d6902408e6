"""The errors of delivery.

SendingFailed
"""


class SendingFailed(Exception):
    """Not all events are known to have arrived: they are sent again. Its text is one sentence for an operator."""
