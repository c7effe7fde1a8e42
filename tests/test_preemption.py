"""SIGTERM waits where a state is kept and ends the process everywhere else."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from heterodox import preemption


def test_a_warning_is_noted_inside_the_block_and_forgotten_after_it() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with preemption.deferred():
        assert not preemption.requested()
        os.kill(os.getpid(), signal.SIGTERM)
        assert preemption.requested()
    assert not preemption.requested()
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_warning_within_an_inner_block_is_known_to_the_outer_one() -> None:
    with preemption.deferred():
        with preemption.deferred():
            os.kill(os.getpid(), signal.SIGTERM)
        assert preemption.requested()
    assert not preemption.requested()


def test_leaving_names_the_state_and_ends_with_143(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(SystemExit) as caught:
        preemption.leave(Path("state/resnet.pt"))
    assert caught.value.code == 143
    assert "state/resnet.pt: written" in caplog.text


def test_outside_the_block_sigterm_ends_the_process() -> None:
    code = """
import time
from heterodox import preemption

with preemption.deferred():
    pass
print(flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.terminate()
        assert process.wait(10) == -signal.SIGTERM


def test_in_another_thread_the_block_changes_nothing() -> None:
    before, seen = signal.getsignal(signal.SIGTERM), []

    def work() -> None:
        with preemption.deferred():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]
