"""A real Azure Blob server for tests: azurite, in memory, on a free port of loopback, gone afterwards."""

import base64
import hashlib
import hmac
import subprocess
from email.utils import formatdate
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpx

from tests.support.stack import ROOT, free_ports

INSTALLED = ROOT / ".azurite"
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""Known to everybody: the account of every stand-in."""
_LISTENS = "successfully listens on"


class BlobServer:
    """`azurite-blob` as a context manager; `stop` and `start` in between lose what it kept."""

    def __init__(self) -> None:
        (self.port,) = free_ports(1)
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Of the account."""
        return f"http://127.0.0.1:{self.port}/{ACCOUNT}"

    @property
    def connection_string(self) -> str:
        """As tools show it."""
        account = f"AccountName={ACCOUNT};AccountKey={KEY}"
        return f"DefaultEndpointsProtocol=http;{account};BlobEndpoint={self.url};"

    def start(self) -> None:
        """Start the server and wait until it listens."""
        assert INSTALLED.is_dir(), "There is no blob server to test with: run ./scripts/setup azurite."
        program = Path("node_modules/azurite/dist/src/blob/main.js")
        options = ("--blobHost", "127.0.0.1", "--blobPort", str(self.port), "--inMemoryPersistence")
        self._process = subprocess.Popen(
            ["node", program, *options, "--skipApiVersionCheck", "--disableTelemetry", "--silent"],
            cwd=INSTALLED,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self._process.stdout is not None
        # Nobody reads on: a server that told of each request would stand still once the pipe is full.
        lines: list[str] = []
        for line in self._process.stdout:
            lines.append(line)
            if _LISTENS in line:
                return
        raise AssertionError(f"azurite did not start: {''.join(lines)}")

    def stop(self) -> None:
        """Stop it, if it runs."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def make_container(self, name: str) -> None:
        """Make a container, as infrastructure does before a process may use it."""
        self._request("PUT", f"/{name}", {"restype": "container"}).raise_for_status()

    def metadata(self, container: str, blob: str) -> dict[str, str]:
        """What is noted at a blob; empty when there is none."""
        answer = self._request("HEAD", f"/{container}/{blob}", {})
        prefix = "x-ms-meta-"
        return {name[len(prefix) :]: value for name, value in answer.headers.items() if name.startswith(prefix)}

    def _request(self, method: str, path: str, query: dict[str, str]) -> httpx.Response:
        """Signed with the key: https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key."""
        headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2019-07-07"}
        named = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        resource = f"/{ACCOUNT}{urlsplit(self.url + path).path}"
        resource += "".join(f"\n{name}:{query[name]}" for name in sorted(query))
        signed = f"{method}\n\n\n\n\n\n\n\n\n\n\n\n{named}{resource}"
        digest = hmac.new(base64.b64decode(KEY), signed.encode(), hashlib.sha256).digest()
        headers["Authorization"] = f"SharedKey {ACCOUNT}:{base64.b64encode(digest).decode()}"
        return httpx.request(method, self.url + path, params=query, headers=headers, trust_env=False, timeout=60.0)
