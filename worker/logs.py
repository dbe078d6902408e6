"""Log lines that people and machines can read: `key=value` pairs, the case id among them."""

import json
import logging
import re
import sys
import time

# Libraries name addresses as they were given them, credentials included.
_USER = re.compile(r"(?<=://)[^\s/?#\"'<>]+@")
_KEY = re.compile(r"(?<=[?&])([^\s=&\"'<>]*(?:key|token|secret|sig|password)[^\s=&\"'<>]*)=[^\s&\"'<>]+", re.IGNORECASE)
_PLAIN = re.compile(r"^[^\s=\"]+$")


class KeyValueFormatter(logging.Formatter):
    """One line per record: time, level, logger, case id where there is one, message, and the fault if any."""

    converter = time.gmtime

    def format(self, record: logging.LogRecord) -> str:
        pairs = {
            "at": f"{self.formatTime(record, '%Y-%m-%dT%H:%M:%S')}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "case_id": getattr(record, "case_id", None),
            "msg": record.getMessage(),
            "fault": self.formatException(record.exc_info) if record.exc_info else None,
        }
        line = " ".join(f"{key}={_quoted(value)}" for key, value in pairs.items() if value is not None)
        return _KEY.sub(r"\1=***", _USER.sub("", line))


def set_up_logging(level: str) -> None:
    """Log our own lines from `level` on, and of all libraries only warnings, to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(KeyValueFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("worker").setLevel(level)
    logging.getLogger("worker.scheduler").setLevel(logging.WARNING)


def _quoted(value: str) -> str:
    return value if _PLAIN.match(value) else json.dumps(value, ensure_ascii=False)
