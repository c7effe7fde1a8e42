"""How far a long piece of work is: a bar on a terminal, lines in a log."""

import logging
import time

from tqdm import tqdm

log = logging.getLogger(__name__)

LEAST_SECONDS, MOST_SECONDS, SHARE = 10.0, 60.0, 0.1


class Progress:
    """Counts images up to `total`; `done` of them were there before.

    In a log a line follows the last one after a minute, or after ten seconds that brought a tenth of the work: what
    takes seconds says nothing, what takes hours says where it is.
    """

    def __init__(self, name: str, total: int, done: int) -> None:
        self._name, self._total, self._before, self._done = name, total, done, done
        self._bar = tqdm(total=total, desc=name, unit=" images", initial=done, disable=None, leave=False)
        self._started = self._said = time.monotonic()
        self._said_of = done

    def update(self, count: int) -> None:
        """Count further images, and say so when it is time."""
        self._done += count
        self._bar.update(count)
        waited = time.monotonic() - self._said
        much = self._done - self._said_of >= SHARE * self._total
        if self._bar.disable and waited >= (LEAST_SECONDS if much else MOST_SECONDS):
            self._say()

    def close(self) -> None:
        """Take the bar away."""
        self._bar.close()

    def _say(self) -> None:
        self._said, self._said_of = time.monotonic(), self._done
        rate = (self._done - self._before) / (self._said - self._started)
        log.info("%s: %d of %d images, %.1f images/s", self._name, self._done, self._total, rate)
