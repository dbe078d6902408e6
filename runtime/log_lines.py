"""One format of log lines for all processes: text for people, JSON for machines, each with its case id."""

import json
import logging
import re
import sys
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from types import TracebackType
from typing import Literal, TextIO

from runtime.log_floods import FloodLimit
from runtime.masks import mask_log_line

LogFormat = Literal["text", "json"]

# Libraries name addresses as they were given them, credentials included.
_USER = re.compile(r"(?<=://)[^\s/?#\"'<>]+@")
# A name begins at each mark and ends before the next: a line may hold 64 kB of what a client sent.
_NAME = r"[^\s=&?\"'<>]"
_KEY = re.compile(rf"(?<=[?&])(?={_NAME}*?(?:key|token|secret|sig|password))({_NAME}++)=[^\s&\"'<>]+", re.IGNORECASE)
# As in contracts.ids; a review, an effect and an orchestration begin their ids with that of their case.
_CASE = re.compile(r"(?<![\w.-])case-[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_PLAIN = re.compile(r"^[^\s=\"]+$")

OURS = ("backend", "casewright", "local", "mcp_server", "worker")
"""The roots of our own loggers."""

CAUSED_BY_ANYBODY = ("casewright.tools.gate", "uvicorn.error")
"""Loggers of what those cause who reach a port, without a token: requests that are refused, or are none."""

_log = logging.getLogger("casewright.process")

_case_id: ContextVar[str | None] = ContextVar("case_id", default=None)


@contextmanager
def about_case(case_id: str) -> Generator[None]:
    """Every record that is logged inside, in this task or thread, is about this case."""
    token = _case_id.set(case_id)
    try:
        yield
    finally:
        _case_id.reset(token)


class _Formatter(logging.Formatter):
    """Time, level, logger, case, message and exception of a record; no credentials, nobody's e-mail or IP address."""

    converter = time.gmtime

    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage()
        fields = {
            "at": f"{self.formatTime(record, '%Y-%m-%dT%H:%M:%S')}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "case_id": getattr(record, "case_id", None) or _case_id.get() or _named_case(message),
            "msg": message,
            "exception": self.formatException(record.exc_info) if record.exc_info else None,
        }
        return self._line({name: _cleaned(value) for name, value in fields.items() if value is not None})

    def _line(self, fields: Mapping[str, str]) -> str:
        raise NotImplementedError


class TextFormatter(_Formatter):
    """One line of `name=value` pairs per record."""

    def _line(self, fields: Mapping[str, str]) -> str:
        return " ".join(f"{name}={_quoted(value)}" for name, value in fields.items())


class JsonFormatter(_Formatter):
    """One JSON object per record and line."""

    def _line(self, fields: Mapping[str, str]) -> str:
        return json.dumps(fields, ensure_ascii=False)


class _Handler(logging.StreamHandler[TextIO]):
    """Writes lines; of one that cannot be written, why."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 its name is logging's
        # By itself, logging prints what the line was about.
        told = {"name": record.name, "levelno": logging.ERROR, "levelname": "ERROR", "exc_info": sys.exc_info()}
        told["msg"] = f"A line of {record.pathname}:{record.lineno} could not be logged."
        with suppress(OSError, ValueError):
            self.stream.write(self.format(logging.makeLogRecord(told)) + self.terminator)
            self.flush()


def set_up_logging(log_format: LogFormat, level: str) -> None:
    """Log our own lines from `level` on, and of all libraries only warnings, to standard error.

    So is what ends a process or a thread, and what Python would print there by itself: nothing goes past the mask.
    """
    handler = _Handler(sys.stderr)
    handler.setFormatter(JsonFormatter() if log_format == "json" else TextFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for name in OURS:
        logging.getLogger(name).setLevel(level)
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_end_of_thread
    sys.unraisablehook = _log_unraisable
    for name in CAUSED_BY_ANYBODY:
        logging.getLogger(name).filters[:] = [FloodLimit()]


def use_our_handler(name: str) -> None:
    """A library's logger that brings a console of its own writes where all others do."""
    logger = logging.getLogger(name)
    logger.handlers.clear()
    logger.propagate = True


def _log_uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)
        return
    _log.critical("The process ends: nobody expected this.", exc_info=(kind, error, traceback))


def _log_end_of_thread(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_value is None or issubclass(ended.exc_type, SystemExit):
        return
    name = "?" if ended.thread is None else ended.thread.name
    told = (ended.exc_type, ended.exc_value, ended.exc_traceback)
    _log.error("The thread '%s' ends: nobody expected this.", name, exc_info=told)


def _log_unraisable(found: "sys.UnraisableHookArgs") -> None:
    told = None if found.exc_value is None else (found.exc_type, found.exc_value, found.exc_traceback)
    _log.error("%s: %r", found.err_msg or "Nobody can be told of an exception", found.object, exc_info=told)


def _named_case(message: str) -> str | None:
    """The one case that the message names: libraries, such as the durable SDK, name it in no other way."""
    named = {match.rstrip(".") for match in _CASE.findall(message)}
    return named.pop() if len(named) == 1 else None


def _cleaned(value: str) -> str:
    return mask_log_line(_KEY.sub(r"\1=***", _USER.sub("", value)))


def _quoted(value: str) -> str:
    return value if _PLAIN.match(value) else json.dumps(value, ensure_ascii=False)
