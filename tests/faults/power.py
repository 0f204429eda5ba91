"""Power loss: what a disk may hold when everything not yet synced is lost, in part or in whole.

A program runs under strace, which notes every write, sync and rename of all its threads. From that
list any moment's disk can be made: what was synced is there; of what was not, each 512 bytes were
written or not, and of the names not synced with their folder, the first so many are there. Nothing
but fsync and fdatasync makes anything durable, which is less than any real file system promises.
"""

import json
import os
import random
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

SECTOR_BYTES = 512
CALLS = (
    "openat,pwrite64,write,lseek,ftruncate,fsync,fdatasync,rename,renameat,unlink,unlinkat,rmdir,"
    "mkdir"
)
_CALL = re.compile(r"(\w+)\((.*)\) += (\d+)")
_LINE = re.compile(r"(\d+) +(?:<\.\.\. \w+ resumed>)?(.*?)( <unfinished \.\.\.>)?\n")
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
        told: the last number that the program wrote at the end of its standard output, or beside
            its store: steps that it acknowledged.
        mind_told: steps of the last train phase that it logged, whose mind it had saved.
    """

    top: str
    root: File = field(default_factory=lambda: File(is_folder=True))
    told: int = 0
    mind_told: int = 0
    _now: dict[str, File] = field(default_factory=dict)
    _offsets: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._now[self.top] = self.root

    def call(self, line: str) -> bool:
        """Follow one of the `whole_calls`; whether it touched the disk or told a number."""
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
        if name in ("openat", "mkdir", "rename", "renameat", "unlink", "rmdir"):
            call = {"rmdir": "unlink", "renameat": "rename"}.get(name, name)
            return self._named(call, paths, arguments, result)
        assert file is not None, line
        if name == "write" and file[1] == "1":
            last = texts[0].split()[-1:]
            self.told = int(last[0]) if last and last[0].isdigit() else self.told
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
        if call == "write" and path.endswith("/acknowledged"):
            self.told = int(texts[0].split()[-1])
        if call == "write" and path.endswith("/metrics.jsonl"):
            line = json.loads(texts[0])
            self.mind_told = line["steps"] if "train_s" in line else self.mind_told
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


def run_under_strace(
    command: Sequence[object], log: Path, environment: Mapping[str, str] | None = None
) -> None:
    """Let a program run to its end, its environment changed by something, and note its calls."""
    strace = ["strace", "-f", "-y", "-xx", "-s", "10000000", "-e", f"trace={CALLS}", "-o", log]
    words = [str(word) for word in (*strace, *command)]
    changed = os.environ | dict(environment or {})
    subprocess.run(words, check=True, stdout=subprocess.PIPE, env=changed)


def whole_calls(log: Iterable[str]) -> Iterator[str]:
    """The calls of all threads, each where it returned, also where another's came between."""
    begun: dict[str, str] = {}
    for line in log:
        if found := _LINE.fullmatch(line):
            thread, text, unfinished = found.groups()
            if unfinished:
                begun[thread] = text
            else:
                yield begun.pop(thread, "") + text


def lose_power(
    folder: Path, log: Iterable[str], scratch: Path, moments: int, chance: random.Random,
    look: Callable[[Path, Disk], None],
) -> None:  # fmt: skip
    """Lose the power at so many moments of a noted life.

    Args:
        folder: in which it lived.
        log: of strace.
        scratch: a folder for what is left.
        moments: at which the power is lost, each with its own luck.
        chance: of moments and luck.
        look: told where a loss left what it left of `folder`, and what the disk had told.
    """
    top = str(folder)
    touching = [call for call in whole_calls(log) if _of(call, top)]
    chosen = set(chance.sample(range(len(touching)), min(moments, len(touching))))
    disk = Disk(top)
    for index, call in enumerate(touching):
        disk.call(call)
        if index in chosen:
            left = scratch / f"left{index}"
            disk.root.leave(left, chance.choice([0.0, 0.1, 0.5, 0.9]), chance)
            look(left, disk)
            shutil.rmtree(left)


def _of(call: str, top: str) -> bool:
    """Whether a call touches a folder or tells a number."""
    return call.startswith("write(1<") or "".join(f"\\x{b:02x}" for b in os.fsencode(top)) in call


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
