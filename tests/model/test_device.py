"""Freed memory stays with the process, so that the next batch does not wait for the system."""

import subprocess
import sys

import pytest

LEARN = """
import resource
import torch
from rumpus.model.device import prepare_process

{first}
weight = torch.ones(2_000_000, requires_grad=True)
for update in range(60):
    if update == 20:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    ((weight * 2.0).exp() * weight).sum().backward()
    weight.grad = None
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


TIMES_N = 3  # a system that is short of memory takes pages away now and then, whoever had them


def page_faults(first: str) -> int:
    """How many pages the system had to give such a process again while it learned, at least."""
    program = [sys.executable, "-c", LEARN.format(first=first)]
    told = (subprocess.run(program, capture_output=True, check=True) for _ in range(TIMES_N))
    return min(int(one.stdout) for one in told)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's allocator is set up, no other")
def test_memory_that_was_freed_is_not_asked_for_again() -> None:
    assert page_faults("prepare_process()") < 0.5 * page_faults("")
