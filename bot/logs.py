"""How we log: a constant event name and ids as fields, secrets never."""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
import traceback
from types import TracebackType
from typing import Any

import structlog

from bot.redaction import KNOWN

_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"


def configure(log_format: str) -> None:
    """`console` for people, `json` for collectors; both to standard error. Whatever a library writes goes the same way."""
    rendered: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if log_format == "json" else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            rendered,
            _redacted,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        # Standard error as it is when a line is written: who swaps it, or calls us in its own process, finds the lines there.
        logger_factory=lambda *_: structlog.WriteLogger(sys.stderr),
    )
    root = logging.getLogger()
    root.setLevel(logging.WARNING)
    root.handlers[:] = [*(each for each in root.handlers if not isinstance(each, Lines)), Lines()]
    logging.captureWarnings(capture=True)
    sys.excepthook = _excepthook
    sys.unraisablehook = lambda found: _excepthook(found.exc_type, found.exc_value, found.exc_traceback)
    threading.excepthook = lambda found: _excepthook(found.exc_type, found.exc_value, found.exc_traceback)


def _redacted(_: object, __: str, line: Any) -> Any:
    """The whole line, once it is drawn: no field, no traceback gets past."""
    return KNOWN.text(line) if isinstance(line, str) else line


class Lines(logging.Handler):
    """The lines of libraries, to standard error as it is by then. One that cannot be formatted is not quoted."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter(_FORMAT))

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = KNOWN.text(self.format(record))
        except Exception as error:  # noqa: BLE001 - logging must not break what it tells of
            line = f"a line of {record.name} could not be formatted ({type(error).__name__})"
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(f"{line}\n")


def _excepthook(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        sys.stderr.write(KNOWN.text("".join(traceback.format_exception(kind, error, trace))))
