from functools import partial
from typing import Any

import anyio.to_thread
import httpx
import pytest

pytestmark = pytest.mark.anyio


async def test_route_dependencies_use_no_thread(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []
    run_sync = anyio.to_thread.run_sync

    async def noting(call: partial[Any], *args: Any, **options: Any) -> Any:
        sent.append(call.func.__module__)
        return await run_sync(call, *args, **options)

    monkeypatch.setattr(anyio.to_thread, "run_sync", noting)
    for path in ("/api/cases", "/api/session", "/api/ingest", "/api/views", "/api/people"):
        assert (await client.get(path)).status_code == 200, path
    assert (await client.post("/api/workflow/decision", json={})).status_code == 422
    assert sent
    assert [module for module in sent if not module.startswith("casebook.")] == []
