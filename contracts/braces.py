"""Finds where JSON objects end, by braces and strings alone, in bytes that arrive in parts."""

import re

# Runs of braces, and whole strings, are taken at once: of nonsense there may be megabytes.
_OUTSIDE = re.compile(rb'(?:[^"{}]++|"(?:[^"\\]++|\\.)*+")*+(?:"|(\{+)|(\}+))', re.DOTALL)
_INSIDE = re.compile(rb'"|(\\)')


class Braces:
    """Scans one sequence of bytes. Bytes outside of any object are skipped."""

    def __init__(self) -> None:
        self.depth = 0
        """How many objects are open."""
        self.in_text = False
        self._escaped = False

    def ends(self, data: bytes | bytearray) -> list[int]:
        """The places in `data` behind each object that ends in it and lies in no other."""
        found, at = list[int](), 0
        if self._escaped and data:
            self._escaped, at = False, 1
        while match := _INSIDE.search(data, at) if self.in_text else _OUTSIDE.match(data, at):
            at = match.end()
            group = match.lastindex
            if group is None:
                self.in_text = not self.in_text
            elif self.in_text:
                self._escaped = at == len(data)
                at += 1
            elif group == 1:
                self.depth += at - match.start(1)
            elif self.depth:
                behind = match.start(2) + self.depth
                # What closes nothing is skipped.
                self.depth = max(0, behind - at)
                if not self.depth:
                    found.append(behind)
        return found
