"""Thrift's compact protocol, as far as Parquet's page headers and footers speak it.

A struct is {field id: (kind, value)}, a list (kind of its items, items); both can be changed and
written again. Source: thrift-compact-protocol.md of Apache Thrift.
"""

from typing import IO, Any

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, _, STRUCT = range(1, 13)
Struct = dict[int, tuple[int, Any]]
_LONGEST_VARINT = 10
_MOST_BYTES = 2**24  # of one value; what is no Thrift may ask for any number


def read(file: IO[bytes]) -> Struct:
    """The struct that comes next in a file, its end included.

    Raises:
        ValueError: when it is no Thrift.
        IndexError: when the file ends in it.
    """
    fields: Struct = {}
    number = 0
    while (head := file.read(1)[0]) != 0:
        step, kind = head >> 4, head & 0x0F
        number = number + step if step else _integer(file)
        fields[number] = (kind, kind == TRUE if kind in (TRUE, FALSE) else _read(file, kind))
    return fields


def _read(file: IO[bytes], kind: int) -> Any:
    if kind in (I16, I32, I64):
        return _integer(file)
    if kind in (BINARY, DOUBLE):
        count = _varint(file) if kind == BINARY else 8
        if len(taken := file.read(min(count, _MOST_BYTES))) < count:
            raise IndexError("the bytes end")
        return taken
    if kind == STRUCT:
        return read(file)
    if kind in (LIST, SET):
        head = file.read(1)[0]
        count = head >> 4 if head >> 4 < 0x0F else _varint(file)
        return head & 0x0F, [_read(file, head & 0x0F) for _ in range(count)]
    if kind in (TRUE, FALSE, BYTE):
        return file.read(1)[0]
    raise ValueError(f"kind {kind} is none of Parquet's")


def _integer(file: IO[bytes]) -> int:
    zigzag = _varint(file)
    return (zigzag >> 1) ^ -(zigzag & 1)


def _varint(file: IO[bytes]) -> int:
    value = 0
    for k in range(_LONGEST_VARINT):
        byte = file.read(1)[0]
        value |= (byte & 0x7F) << 7 * k
        if byte < 0x80:
            return value
    raise ValueError("a number of more than 64 bits")


def written(struct: Struct) -> bytes:
    """A struct as bytes."""
    out, last = bytearray(), 0
    for number, (kind, value) in sorted(struct.items()):
        if kind in (TRUE, FALSE):
            kind = TRUE if value else FALSE
        step = number - last
        out += bytes([step << 4 | kind]) if step <= 0x0F else bytes([kind]) + _zigzag(number)
        out += b"" if kind in (TRUE, FALSE) else _written(kind, value)
        last = number
    return bytes(out) + b"\0"


def _written(kind: int, value: Any) -> bytes:
    if kind in (I16, I32, I64):
        return _zigzag(value)
    if kind == BINARY:
        return _base128(len(value)) + bytes(value)
    if kind == STRUCT:
        return written(value)
    if kind in (LIST, SET):
        item, items = value
        count = len(items)
        head = bytes([min(count, 0x0F) << 4 | item]) + (_base128(count) if count >= 0x0F else b"")
        return head + b"".join(_written(item, v) for v in items)
    return bytes([value]) if kind != DOUBLE else bytes(value)


def _zigzag(value: int) -> bytes:
    return _base128(value << 1 ^ value >> 63)


def _base128(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
