import re
from pathlib import Path

import pytest

from backend.http.security_headers import DOCS_POLICY
from backend.http.web_bundle import NONCE
from backend.wiring import Wiring
from tests.unit.backend.support import answering

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[4]
DOCS = "<!doctype html><title>API</title>"
PAGE = "<!doctype html><title>Casewright</title>"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(PAGE)
    (folder / "docs.html").write_text(DOCS)
    (folder / "favicon.svg").write_text("<svg/>")
    (folder / "assets" / "index-a1b2c3.js").write_text("export {}")
    (tmp_path / "secret.txt").write_text("secret")
    return folder


async def test_application_pages_are_the_revalidated_index(wiring: Wiring, bundle: Path) -> None:
    async with answering(wiring, bundle) as client:
        for path in ("/", "/cases", "/cases/case-a.b", "/index.html"):
            answer = await client.get(path)
            assert (answer.status_code, answer.text) == (200, PAGE), path
            assert answer.headers["cache-control"] == "no-cache"


async def test_assets_are_immutable_and_missing_ones_are_404(wiring: Wiring, bundle: Path) -> None:
    async with answering(wiring, bundle) as client:
        asset = await client.get("/assets/index-a1b2c3.js")
        assert asset.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert asset.headers["content-type"].startswith("text/javascript")
        assert (await client.get("/favicon.svg")).headers["cache-control"] == "no-cache"
        assert (await client.get("/assets/gone.js")).status_code == 404


async def test_wrong_addresses_of_the_server_are_no_pages(wiring: Wiring, bundle: Path) -> None:
    async with answering(wiring, bundle) as client:
        for path in ("/api", "/api/", "/api/nothing", "/api/cases/..%2f..%2fx", "/healthz/x", "/docs/x"):
            answer = await client.get(path)
            assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json"), path
        assert (await client.post("/cases")).status_code == 405


async def test_the_interactive_documentation_is_a_page_of_the_bundle(wiring: Wiring, bundle: Path) -> None:
    async with answering(wiring, bundle) as client:
        answer = await client.get("/docs")
        assert (answer.status_code, answer.text) == (200, DOCS)
        assert answer.headers["cache-control"] == "no-cache"
        assert answer.headers["content-security-policy"] == DOCS_POLICY


async def test_each_answer_has_a_nonce_of_its_own(wiring: Wiring, bundle: Path) -> None:
    (bundle / "index.html").write_text(f'<meta property="csp-nonce" nonce="{NONCE}"><style nonce="{NONCE}"></style>')
    seen: set[str] = set()
    async with answering(wiring, bundle) as client:
        for path in ("/", "/cases", "/index.html", "/docs.html"):
            answer = await client.get(path, headers={"if-modified-since": "Fri, 31 Dec 2100 23:59:59 GMT"})
            assert (answer.status_code, "etag" in answer.headers) == (200, False)
            (nonce,) = set(re.findall(r'nonce="([^"]+)"', answer.text))
            policy = answer.headers["content-security-policy"].split("; ")
            assert f"style-src 'self' 'nonce-{nonce}'" in policy
            assert "style-src-attr 'unsafe-inline'" in policy
            assert [each for each in policy if each.startswith("script-src")] == []
            seen.add(nonce)
    assert len(seen) == 4
    assert NONCE in (ROOT / "web" / "vite.config.ts").read_text()


async def test_nothing_outside_the_bundle_is_served(wiring: Wiring, bundle: Path) -> None:
    async with answering(wiring, bundle) as client:
        for path in ("/../secret.txt", "/%2e%2e/secret.txt", "/assets/..%2f..%2fsecret.txt", "//etc/passwd", "/%00"):
            answer = await client.get(path)
            assert "secret" not in answer.text
            assert "root:" not in answer.text


async def test_missing_bundle_is_served_once_it_is_built(wiring: Wiring, tmp_path: Path) -> None:
    folder = tmp_path / "later"
    async with answering(wiring, folder) as client:
        missing = await client.get("/")
        assert missing.status_code == 503
        assert "run <code>./scripts/build-web</code>" in missing.text
        docs = await client.get("/docs")
        assert docs.status_code == 503
        assert "There is no docs.html in WEB_DIST: run <code>./scripts/build-web</code>" in docs.text
        folder.mkdir()
        (folder / "index.html").write_text(PAGE)
        assert (await client.get("/")).text == PAGE


async def test_the_page_where_one_signs_in_is_for_everybody(wiring: Wiring, bundle: Path) -> None:
    async with answering(wiring, bundle, persona=None) as client:
        for path in ("/", "/cases/case-1", "/docs"):
            assert (await client.get(path)).status_code == 200
