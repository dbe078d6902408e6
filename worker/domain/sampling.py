"""Which auto-clears a person checks: a fixed share, the same cases on every replay and every machine."""

import hashlib


def is_sampled(case_id: str, share: float) -> bool:
    """Whether this case falls into the sample; `share` is from 0 (none) to 1 (all).

    The case id's SHA-256, read as a fraction of 1, is below `share` for that share of all cases.
    """
    digest = hashlib.sha256(case_id.encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64 < share
