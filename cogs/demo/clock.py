"""SimCord's clock, replaced by the real one: SimCord's own starts on 1 January 2026 and stands still."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from time import perf_counter

from simcord._clock import Clock


class RealClock(Clock):
    """The present moment for everything SimCord stamps: messages, ids, timers."""

    def __init__(self) -> None:
        # Not time.monotonic: while SimCord runs, that one asks this clock.
        self._began = perf_counter()
        self._ago = timedelta()

    @property
    def elapsed(self) -> float:  # type: ignore[override]
        """Seconds since the start; SimCord reckons its timers in them."""
        return perf_counter() - self._began

    def now(self) -> datetime:
        return datetime.now(UTC) - self._ago

    def advance(self, seconds: float) -> None:
        """Real time passes by itself."""

    @contextmanager
    def back_then(self, **ago: float) -> Iterator[None]:
        """What is posted inside is stamped earlier: `back_then(minutes=12)`."""
        self._ago = timedelta(**ago)
        try:
            yield
        finally:
            self._ago = timedelta()
