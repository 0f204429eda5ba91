"""The small robot of the memory's tests."""

from tests.memory.conftest import spec, step_of

__all__ = ["spec", "step_of"]
