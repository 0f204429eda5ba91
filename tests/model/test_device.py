"""Freed memory stays with the process, so that the next batch does not wait for the system."""

import subprocess
import sys

import pytest

TOUCH = """
import resource
import torch
from rumpus.model.device import use_one_thread

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

{first}
batch = [torch.ones(2_000_000) for _ in range(6)]
del batch
before = faults()
for _ in range(20):
    batch = [torch.ones(2_000_000) for _ in range(6)]
    del batch
print(faults() - before)
"""


def system_calls(first: str) -> int:
    """How often such a process had to ask for memory that it had before."""
    told = subprocess.run(
        [sys.executable, "-c", TOUCH.format(first=first)], capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    return int(told.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator is set up, no other")
def test_memory_that_was_freed_is_not_asked_for_again() -> None:
    assert system_calls("use_one_thread()") < 0.2 * system_calls("")
