"""The table of strings: each string stands in it, and cells name its number ([MS-XLS] §2.4.265, §2.5.296)."""

import struct
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate, chain
from typing import BinaryIO

from documents.reports.writers.biff import ole
from documents.reports.writers.biff.records import CONTINUE, EXTSST, LONGEST, SST

HEADS = [chr(length) + "\0\0" for length in range(256)]
"""What stands before a string of that many characters, each a byte: the length in two bytes, and no options."""
MOST_KNOWN = 10_000
MOST_PLACES = 128
SAMPLE = 64
SMALLEST_STEP = 8
SMALLEST_ROOM = 16


class SharedStrings:
    """Writes SST and its CONTINUE records into a spool as the strings come.

    A string that many cells of a column hold is looked up; strings that hardly repeat are only written, for a table
    of all of them would take the memory that the spool spares. [MS-XLS] calls them unique; readers ask only for the
    number.
    """

    def __init__(self, spool: BinaryIO) -> None:
        self.spool = spool
        self.cells = self.count = 0
        self.known: dict[str, int] = {}
        self.kind, self.start = SST, 0  # of the record that is being filled
        self.parts, self.filled = [bytes(8)], 8
        self.step = SMALLEST_STEP
        self.places = array("I")
        """For every step-th string: where its record begins in the spool, and where in the record it stands."""

    def numbers_of(self, texts: Sequence[str]) -> Sequence[int]:
        """Return the number of each string, in order. Raises TooBig when the strings alone are longer than 2 GiB."""
        self.cells += len(texts)
        few = texts[:SAMPLE]
        if len(few) == SAMPLE and len(set(few)) > SAMPLE * 3 // 4:
            distinct = dict.fromkeys(few)  # no need to look at all of them
        else:
            distinct, few = dict.fromkeys(texts), texts
        if len(distinct) * 2 > len(few):
            first = self.count
            self._add(texts)
            return range(first, self.count)
        if len(self.known) > MOST_KNOWN:
            self.known.clear()
        if new := [text for text in distinct if text not in self.known]:
            first = self.count
            self._add(new)
            self.known.update(zip(new, range(first, self.count), strict=True))
        return list(map(self.known.__getitem__, texts))

    def finish(self) -> int:
        """Write what is in memory and the totals; return the bytes that the spool holds."""
        self._end_record()
        self.spool.seek(4)
        self.spool.write(struct.pack("<II", self.cells, self.count))
        return self.start

    @property
    def index_size(self) -> int:
        """The bytes of EXTSST."""
        return 6 + 8 * (len(self.places) // 2)

    def index(self, position: int) -> bytes:
        """Return EXTSST (§2.4.107), which says where every step-th string stands, for an SST at this position."""
        content = struct.pack("<H", self.step)
        for start, offset in zip(self.places[::2], self.places[1::2], strict=True):
            content += struct.pack("<IHH", position + start + offset, offset, 0)
        return struct.pack("<HH", EXTSST, len(content)) + content

    def _add(self, texts: Sequence[str]) -> None:
        data, sizes = _packed(texts)
        ends = list(accumulate(sizes))
        at = done = 0  # bytes and strings that are in their records
        while done < len(ends):
            fit = bisect_right(ends, at + LONGEST - self.filled)
            if fit > done:
                self._note_places(done, fit, ends, at)
                self.parts.append(data[at : ends[fit - 1]])
                self.filled += ends[fit - 1] - at
                at, done = ends[fit - 1], fit
            elif ends[done] - at > LONGEST - 8 and LONGEST - self.filled >= SMALLEST_ROOM:
                self._note_places(done, done + 1, ends, at)
                self._split(data[at : ends[done]])
                at, done = ends[done], done + 1
            else:
                self._end_record()
        self.count += len(texts)

    def _split(self, text: bytes) -> None:
        """Let a string go on in CONTINUE records, each of which begins with the option byte again (§2.5.293)."""
        options = text[2:3]
        stop = _last_whole(text, 3, LONGEST - self.filled - 3)
        self.parts.append(text[:stop])
        while stop < len(text):
            self._end_record()
            start, stop = stop, _last_whole(text, stop, LONGEST - 1)
            self.parts += [options, text[start:stop]]
            self.filled = 1 + stop - start

    def _end_record(self) -> None:
        content = b"".join(self.parts)
        self.spool.write(struct.pack("<HH", self.kind, len(content)) + content)
        self.start += 4 + len(content)
        if self.start > ole.LONGEST_STREAM:
            raise ole.TooBig
        self.kind, self.parts, self.filled = CONTINUE, [], 0

    def _note_places(self, first: int, last: int, ends: list[int], at: int) -> None:
        """Note where strings begin that go into this record: `first` to `last` of those being added, data from `at`."""
        for number in range(first + -(self.count + first) % self.step, last, self.step):
            begin = (ends[number - 1] if number else 0) - at
            self.places.extend((self.start, 4 + self.filled + begin))
        while len(self.places) > 2 * MOST_PLACES:
            pairs = zip(self.places[::4], self.places[1::4], strict=True)
            self.places = array("I", chain.from_iterable(pairs))
            self.step *= 2


def _last_whole(text: bytes, start: int, room: int) -> int:
    """Return where characters end that begin at `start` and fit; the two units of an emoji stay together."""
    if text[2] == 0:
        return min(len(text), start + room)
    stop = min(len(text), start + room // 2 * 2)
    return stop - 2 if stop < len(text) and text[stop - 1] & 0xFC == 0xD8 else stop


def _packed(texts: Sequence[str]) -> tuple[bytes, list[int]]:
    """Return the strings one after the other as the table holds them, and the size of each."""
    lengths = list(map(len, texts))
    if max(lengths, default=0) < len(HEADS):
        heads = map(HEADS.__getitem__, lengths)
        try:
            data = "".join(chain.from_iterable(zip(heads, texts, strict=True))).encode("latin-1")
        except UnicodeEncodeError:
            pass
        else:
            return data, [length + 3 for length in lengths]
    each = [HEADS[length] + text if text.isascii() and length < len(HEADS) else _one(text).decode("latin-1")
            for length, text in zip(lengths, texts, strict=True)]  # fmt: skip
    return "".join(each).encode("latin-1"), list(map(len, each))


def _one(text: str) -> bytes:
    """Return XLUnicodeRichExtendedString: a byte a character where that is enough, else UTF-16."""
    try:
        return struct.pack("<HB", len(text), 0) + text.encode("latin-1")
    except UnicodeEncodeError:
        wide = text.encode("utf-16-le", "replace")
        return struct.pack("<HB", len(wide) // 2, 1) + wide
