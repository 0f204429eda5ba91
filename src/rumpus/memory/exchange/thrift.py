"""Thrift's compact protocol, as far as Parquet's page headers and footers speak it.

A struct is {field id: (kind, value)}, a list (kind of its items, items); both can be changed and
written again. Source: thrift-compact-protocol.md of Apache Thrift.
"""

from typing import Any

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, _, STRUCT = range(1, 13)
Struct = dict[int, tuple[int, Any]]
_LONGEST_VARINT = 10


class Reader:
    """Reads one value after the other from bytes.

    What is no Thrift raises ValueError or IndexError.

    Attributes:
        at: where the next value begins.
    """

    def __init__(self, data: Any, at: int = 0) -> None:
        """Read from anything that gives bytes by slice and numbers by index."""
        self._data, self.at = data, at

    def struct(self) -> Struct:
        """A struct, its end included."""
        fields: Struct = {}
        number = 0
        while (head := self._byte()) != 0:
            step, kind = head >> 4, head & 0x0F
            number = number + step if step else self._integer()
            fields[number] = (kind, kind == TRUE if kind in (TRUE, FALSE) else self._value(kind))
        return fields

    def _value(self, kind: int) -> Any:
        if kind in (I16, I32, I64):
            return self._integer()
        if kind == BINARY:
            return self._bytes(self._varint())
        if kind == STRUCT:
            return self.struct()
        if kind in (LIST, SET):
            return self._list()
        if kind == DOUBLE:
            return self._bytes(8)
        if kind in (TRUE, FALSE, BYTE):
            return self._byte()
        raise ValueError(f"kind {kind} is none of Parquet's")

    def _list(self) -> tuple[int, list[Any]]:
        head = self._byte()
        count = head >> 4 if head >> 4 < 0x0F else self._varint()
        return head & 0x0F, [self._value(head & 0x0F) for _ in range(count)]

    def _bytes(self, count: int) -> bytes:
        self.at += count
        taken = bytes(self._data[self.at - count : self.at])
        if len(taken) < count:
            raise IndexError("the bytes end")
        return taken

    def _byte(self) -> int:
        self.at += 1
        return int(self._data[self.at - 1])

    def _integer(self) -> int:
        zigzag = self._varint()
        return (zigzag >> 1) ^ -(zigzag & 1)

    def _varint(self) -> int:
        value = 0
        for k in range(_LONGEST_VARINT):
            byte = self._byte()
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
        out += bytes([step << 4 | kind]) if step <= 0x0F else bytes([kind]) + _integer(number)
        out += b"" if kind in (TRUE, FALSE) else _value(kind, value)
        last = number
    return bytes(out) + b"\0"


def _value(kind: int, value: Any) -> bytes:
    if kind in (I16, I32, I64):
        return _integer(value)
    if kind == BINARY:
        return _varint(len(value)) + bytes(value)
    if kind == STRUCT:
        return written(value)
    if kind in (LIST, SET):
        item, items = value
        count = len(items)
        head = bytes([count << 4 | item]) if count < 0x0F else bytes([0xF0 | item]) + _varint(count)
        return head + b"".join(_value(item, v) for v in items)
    return bytes([value]) if kind != DOUBLE else bytes(value)


def _integer(value: int) -> bytes:
    return _varint(value << 1 ^ value >> 63)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
