"""The `Model` port over several deployments: the first available one answers."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from worker.adapters.circuit_breaker import CircuitBreaker
from worker.ports.model import Model, ModelRejected, ModelReply, ModelRequest, ModelUnavailable

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Deployment:
    """One place where a model answers."""

    name: str
    model: Model
    circuit: CircuitBreaker


class FailoverModel:
    """Asks the deployments in their order, one that has failed lately last, and none whose circuit is open."""

    def __init__(self, deployments: Sequence[Deployment], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._deployments = tuple(deployments)
        self._monotonic = monotonic

    def complete(self, request: ModelRequest, timeout_s: float) -> ModelReply:
        """The first answer that is to be had within `timeout_s` seconds; each deployment is asked at most once.

        Raises ModelUnavailable, `asked=False` when all of them rest or are at their limit; or ModelRejected.
        """
        until = self._monotonic() + timeout_s
        faults: dict[str, ModelUnavailable] = {}
        rejections: dict[str, ModelRejected] = {}
        for deployment in sorted(self._deployments, key=lambda each: each.circuit.has_failed_lately):
            left_s = until - self._monotonic()
            if left_s <= 0 or not deployment.circuit.allow():
                continue
            try:
                return _ask(deployment, request, left_s)
            except ModelUnavailable as fault:
                faults[deployment.name] = fault
                if not fault.asked:
                    continue
            except ModelRejected as refusal:
                if not refusal.elsewhere:
                    raise
                rejections[deployment.name] = refusal
            if len(self._deployments) > 1:
                log.warning("The model deployment %s gave no answer.", deployment.name)
        if len(rejections) == len(self._deployments):
            raise next(iter(rejections.values()))
        raise self._unavailable({**faults, **rejections})

    def _unavailable(self, tried: dict[str, ModelUnavailable | ModelRejected]) -> ModelUnavailable:
        sentences: dict[str, str] = {}
        waits_s: list[float] = []
        asked = False
        for deployment in self._deployments:
            wait_s, fault = deployment.circuit.retry_in(), tried.get(deployment.name)
            if isinstance(fault, ModelUnavailable) and not fault.asked:
                waits_s.append(max(wait_s, fault.retry_after_s or 0.0))
            # One that there was no time for can be asked at once; one that just failed, after the caller's own pause.
            elif wait_s or fault is None:
                waits_s.append(wait_s)
            asked = asked or (fault is not None and (isinstance(fault, ModelRejected) or fault.asked))
            sentence = deployment.circuit.why if fault is None else str(fault)
            if sentence:
                sentences[deployment.name] = sentence
        return ModelUnavailable(_sentence(sentences), retry_after_s=min(waits_s) if waits_s else None, asked=asked)


def _ask(deployment: Deployment, request: ModelRequest, timeout_s: float) -> ModelReply:
    try:
        reply = deployment.model.complete(request, timeout_s)
    except ModelUnavailable as fault:
        if not fault.asked:
            deployment.circuit.abandoned()
        elif fault.endpoint_is_well:
            deployment.circuit.succeeded()
        elif fault.cut_short:
            deployment.circuit.doubted()
        else:
            deployment.circuit.failed(str(fault), fault.retry_after_s)
        raise
    except ModelRejected:
        deployment.circuit.succeeded()  # it is there, and said no
        raise
    except BaseException:
        deployment.circuit.abandoned()
        raise
    if reply.lost is None:
        deployment.circuit.succeeded()
    else:
        deployment.circuit.failed(reply.lost, None)
    return reply


def _sentence(faults: dict[str, str]) -> str:
    if len(set(faults.values())) == 1:
        return next(iter(faults.values()))
    reasons = " ".join(f"{name}: {why}" for name, why in faults.items())
    return f"No model deployment answered. {reasons}"
