"""How sure a share of a sample is. Pure."""

from math import sqrt

from contracts.back_tests import Proportion

_Z = 1.959963984540054
"""Of 95 % of a normal distribution."""


def proportion(hits: int, of: int) -> Proportion:
    """The share of `hits` with its 95 % Wilson interval, which also holds for small samples and shares near 0 and 1.

    Source: E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927).
    """
    if of == 0:
        return Proportion(hits=0, of=0, share=None, low=None, high=None)
    share, z2 = hits / of, _Z * _Z
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = _Z / (1 + z2 / of) * sqrt(share * (1 - share) / of + z2 / (4 * of * of))
    low = 0.0 if hits == 0 else max(0.0, middle - half)
    high = 1.0 if hits == of else min(1.0, middle + half)
    return Proportion(hits=hits, of=of, share=share, low=low, high=high)
