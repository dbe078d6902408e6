"""How many files and connections this process may have open at once."""

import resource


def allow_open_files(needed: int) -> str | None:
    """Let this process have so many open, as far as it may decide that. The sentence to log if it may not.

    Shells and containers often begin with 1,024, and allow a process to take more.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if _is_at_least(soft, needed):
        return None
    allowed = needed if _is_at_least(hard, needed) else hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed == needed:
        return None
    return (
        f"This process may have {allowed:,} files open and needs {needed:,} for MAX_CONNECTIONS: set that lower, or "
        "raise the hard limit of open files (ulimit -Hn)."
    )


def _is_at_least(limit: int, needed: int) -> bool:
    return limit == resource.RLIM_INFINITY or limit >= needed
