"""Power loss: what a disk may hold when everything not yet synced is lost, in part or in whole.

A writer runs under strace, which notes every write, sync and rename. From that list any moment's
disk can be made: what was synced is there; of what was not, each 512 bytes were written or not, and
of the names not synced with their folder, the first so many are there. Nothing but fsync and
fdatasync makes anything durable, which is less than any real file system promises.
"""

import os
import random
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import writer
from killing import Toll, looked_at

SECTOR_BYTES = 512
CALLS = "openat,pwrite64,write,lseek,ftruncate,fsync,fdatasync,rename,unlink,unlinkat,rmdir,mkdir"
_CALL = re.compile(r"(\w+)\((.*)\) += (\d+)")
_FILE = re.compile(r"(\d+)<(\S*)>")
_TEXT = re.compile(r'"((?:\\x..)*)"')


@dataclass
class File:
    """One file or folder: what is durable of it, and what was done since, in order.

    Attributes:
        durable: bytes of a file; of a folder, unused.
        pending: (offset, bytes) written, or (size, None) cut, since the last sync.
        names: of a folder, durable names and what they stand for.
        changes: of a folder, (name, what it stands for now or None) since the last sync.
    """

    durable: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)
    names: dict[str, "File"] = field(default_factory=dict)
    changes: list[tuple[str, "File | None"]] = field(default_factory=list)
    is_folder: bool = False

    def sync(self) -> None:
        """What the system promises at a sync: all of it is on the disk."""
        for offset, data in self.pending:
            _apply(self.durable, offset, data)
        for name, file in self.changes:
            _name(self.names, name, file)
        self.pending, self.changes = [], []

    def after_loss(self, keep: float, chance: random.Random) -> bytes:
        """The bytes that a power loss leaves, each unsynced sector written with chance `keep`."""
        left = bytearray(self.durable)
        for offset, data in self.pending:
            if data is None and chance.random() < keep:
                _apply(left, offset, None)
            for first in range(0, len(data or b""), SECTOR_BYTES):
                if chance.random() < keep:
                    assert data is not None
                    _apply(left, offset + first, data[first : first + SECTOR_BYTES])
        return bytes(left)

    def leave(self, path: Path, keep: float, chance: random.Random) -> None:
        """Put what a power loss leaves of this at a path."""
        if not self.is_folder:
            path.write_bytes(self.after_loss(keep, chance))
            return
        path.mkdir()
        names = dict(self.names)
        for name, file in self.changes[: round(keep * len(self.changes))]:
            _name(names, name, file)
        for name, file in names.items():
            file.leave(path / name, keep, chance)


@dataclass
class Disk:
    """A folder as it is told by the calls of one program.

    Attributes:
        top: the folder's path.
        root: the folder.
        told: the last number that the program wrote to its standard output.
    """

    top: str
    root: File = field(default_factory=lambda: File(is_folder=True))
    told: int = 0
    _now: dict[str, File] = field(default_factory=dict)
    _offsets: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._now[self.top] = self.root

    def call(self, line: str) -> bool:
        """Follow one line of strace; whether it touched the disk or told a number."""
        found = _CALL.match(line)
        if not found:
            return False
        name, arguments, result = found[1], found[2], int(found[3])
        texts = [bytes.fromhex(text.replace("\\x", "")) for text in _TEXT.findall(arguments)]
        file = _FILE.match(arguments)
        paths = [os.fsdecode(text) for text in texts]
        if name == "unlinkat":
            assert file is not None, line
            return self._named("unlink", [f"{_path(file[2])}/{paths[0]}"], arguments, result)
        if name in ("openat", "mkdir", "rename", "unlink", "rmdir"):
            return self._named(name.replace("rmdir", "unlink"), paths, arguments, result)
        assert file is not None, line
        if name == "write" and file[1] == "1":
            self.told = int(texts[0].split()[-1])
            return True
        numbers = re.findall(r", (\d+)", arguments)
        return self._written(name, int(file[1]), _path(file[2]), texts, numbers, result)

    def _named(self, call: str, paths: list[str], arguments: str, result: int) -> bool:
        path = paths[-1]
        if not path.startswith(self.top):
            return False
        if call == "openat":
            self._offsets[result] = 0
            if "O_CREAT" not in arguments or path in self._now:
                assert "O_TRUNC" not in arguments or path not in self._now
                return False
        file = self._now.pop(paths[0]) if call in ("rename", "unlink") else File()
        file.is_folder |= call == "mkdir"
        for old in paths[:1] if call in ("rename", "unlink") else []:
            self._change(old, None)
        if call != "unlink":
            self._now[path] = file
            self._change(path, file)
        if call == "rename":  # what is in a folder goes with it
            below = [known for known in self._now if known.startswith(f"{paths[0]}/")]
            for known in below:
                self._now[path + known.removeprefix(paths[0])] = self._now.pop(known)
        return True

    def _change(self, path: str, file: File | None) -> None:
        folder, _, name = path.rpartition("/")
        self._now[folder].changes.append((name, file))

    def _written(
        self, call: str, number: int, path: str, texts: list[bytes], numbers: list[str], result: int
    ) -> bool:
        file = self._now.get(path)
        if call == "lseek":
            self._offsets[number] = result
        if file is None or call == "lseek":
            return False
        if call in ("fsync", "fdatasync"):
            file.sync()
        elif call == "ftruncate":
            file.pending.append((int(numbers[0]), None))
        elif call == "pwrite64":
            file.pending.append((int(numbers[-1]), texts[0][:result]))
        else:
            file.pending.append((self._offsets[number], texts[0][:result]))
            self._offsets[number] += result
        return True


def write_under_strace(folder: Path, log: Path, steps: int, durability: str) -> None:
    """Let a writer live to that many steps in a new folder, and note its calls."""
    folder.mkdir()
    command = ["strace", "-y", "-xx", "-s", "10000000", "-e", f"trace={CALLS}", "-o", log]
    life = [sys.executable, writer.__file__, folder / "m", "--steps", steps]
    life += ["--durability", durability]
    subprocess.run([str(word) for word in command + life], check=True, stdout=subprocess.PIPE)


def lose_power(
    folder: Path, log: TextIO, scratch: Path, moments: int, chance: random.Random
) -> Toll:
    """Lose the power at so many moments of a noted life, and look at what each leaves."""
    toll, disk = Toll(), Disk(str(folder))
    every = list(log)
    chosen = set(chance.sample(range(len(every)), min(moments, len(every))))
    for index, line in enumerate(every):
        disk.call(line)
        if index in chosen:
            left = scratch / f"left{index}"
            disk.root.leave(left, chance.choice([0.0, 0.1, 0.5, 0.9]), chance)
            toll.kills += 1
            toll.acknowledged = max(toll.acknowledged, disk.told)
            looked_at(left / "m", disk.told, write=True, toll=toll)
            shutil.rmtree(left)
    return toll


def _apply(data: bytearray, offset: int, written: bytes | None) -> None:
    """Write bytes at an offset, or cut or lengthen to that size."""
    size = offset if written is None else offset + len(written)
    if len(data) < size:
        data.extend(bytes(size - len(data)))
    if written is None:
        del data[offset:]
    else:
        data[offset:size] = written


def _name(names: dict[str, File], name: str, file: File | None) -> None:
    if file is None:
        names.pop(name, None)
    else:
        names[name] = file


def _path(text: str) -> str:
    return os.fsdecode(bytes.fromhex(text.replace("\\x", "")))
