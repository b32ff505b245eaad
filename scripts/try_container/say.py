"""What the script says, and how it waits."""

import re
import sys
import time
from contextlib import contextmanager

summary = []


def say(text):
    print(f"try-container: {text}", flush=True)


def note(text):
    """Says what is to be read again at the end."""
    summary.append(text)
    say(text)


def die(text):
    say(text)
    sys.exit(1)


def check(holds, text):
    """Says what holds, or ends with what does not."""
    say(f"ok: {text}") if holds else die(f"does not hold: {text}")


def expect(pattern, text, what):
    """Like check, for a text that a pattern has to be found in."""
    if not re.search(pattern, text):
        die(f"{what}: no /{pattern}/ in {text!r}")
    say(f"ok: {what}")


def wait(until, what, seconds=30):
    """Asks until the answer is a yes, and gives it."""
    end = time.monotonic() + seconds
    while not (answer := until()):
        if time.monotonic() > end:
            die(f"waited {seconds} seconds for {what}")
        time.sleep(0.02)
    return answer


@contextmanager
def timed(what):
    """Notes how long it took."""
    before = time.monotonic()
    yield
    seconds = time.monotonic() - before
    took = f"{seconds:.1f} s" if seconds < 100 else f"{int(seconds) // 60} min {int(seconds) % 60:02} s"
    note(f"{what}: {took}")
