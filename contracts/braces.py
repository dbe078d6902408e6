"""Finds where JSON objects end, by braces and strings alone, in bytes that arrive in parts."""

import re

_OUTSIDE = re.compile(rb'["{}]')
_INSIDE = re.compile(rb'["\\]')


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
        while match := (_INSIDE if self.in_text else _OUTSIDE).search(data, at):
            at = match.end()
            mark = match[0]
            if mark == b'"':
                self.in_text = not self.in_text
            elif mark == b"\\":
                self._escaped = at == len(data)
                at += 1
            elif mark == b"{":
                self.depth += 1
            elif self.depth:
                self.depth -= 1
                if not self.depth:
                    found.append(at)
        return found
