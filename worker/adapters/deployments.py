"""The configured deployments as one model."""

import time
from collections import Counter
from collections.abc import Callable, Sequence

from worker.adapters.circuit_breaker import CircuitBreaker
from worker.adapters.client_loop import ClientLoop
from worker.adapters.failover import Deployment, FailoverModel
from worker.adapters.openai_model import OpenAIModel
from worker.adapters.providers import Provider, open_client
from worker.adapters.rate_limiter import RateLimiter


def open_models(
    providers: Sequence[Provider],
    loop: ClientLoop,
    circuit_failures: int,
    circuit_rest_s: float,
    monotonic: Callable[[], float] = time.monotonic,
) -> FailoverModel:
    """One model over all providers, in their order, each behind a circuit breaker and a rate limiter of its own.

    A circuit opens after `circuit_failures` failures in a row and rests for `circuit_rest_s` seconds at first.
    """
    deployments: list[Deployment] = []
    names: Counter[str] = Counter()
    for provider in providers:
        client = open_client(provider)
        loop.close_with(client.close)
        names[provider.name] += 1
        name = provider.name if names[provider.name] == 1 else f"{provider.name} ({names[provider.name]})"
        limiter = RateLimiter(name, provider.requests_per_minute, provider.limit_window_s)
        model = OpenAIModel(client, provider.model, loop, provider.tool_calling, name=name, limiter=limiter)
        deployments.append(Deployment(name, model, CircuitBreaker(circuit_failures, circuit_rest_s, monotonic)))
    return FailoverModel(deployments, monotonic)
