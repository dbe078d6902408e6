import pytest


@pytest.fixture
def anyio_backend() -> str:
    """The lab runs on asyncio, and so do its tests."""
    return "asyncio"
