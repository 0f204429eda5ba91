"""A file for HDF5 to write into that a full disk does not bring down.

Where the disk refuses a write, HDF5 cannot close its file any more and ends the whole program by a
signal (seen with HDF5 2.0). Here it never hears of it: the refusal is kept and told after.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class PatientFile(io.FileIO):
    """The file that HDF5 writes through; after the disk's first refusal, writes go nowhere.

    Attributes:
        refusal: the disk's first.
    """

    refusal: OSError | None = None

    def check(self) -> None:
        """Raise the refusal."""
        if self.refusal is not None:
            raise self.refusal

    def write(self, data: Any, /) -> int:
        left = memoryview(data)
        try:
            while left and self.refusal is None:
                left = left[super().write(left) :]
        except OSError as refusal:
            self.refusal = refusal
        return len(data)

    def truncate(self, size: int | None = None, /) -> int:
        try:
            return super().truncate(size)
        except OSError as refusal:
            self.refusal = self.refusal or refusal
            return size or 0


@contextmanager
def new_hdf5(path: Path) -> Iterator[tuple[Any, PatientFile]]:
    """A new HDF5 file, and where to `check` for refusals while it is written.

    Raises:
        OSError: when the disk refused something.
        ModuleNotFoundError: when h5py is missing.
    """
    import h5py  # an extra: pip install 'rumpus[exchange]'

    with PatientFile(path, "w+") as under:
        with h5py.File(under, "w") as file:
            yield file, under
        under.check()
