"""Amounts of money: exact, and formatted for people."""

import re
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated

from pydantic import Field

from contracts.base import Contract

Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
"""An ISO 4217 code."""

USUAL_MINOR_DIGITS = 2

_OTHERS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
OTHER_MINOR_DIGITS: Mapping[str, int] = {code: digits for digits, codes in _OTHERS.items() for code in codes.split()}
"""Decimals of the currencies that do not have two, by ISO 4217. The web has the same table."""

_USUAL_FACTOR = 10.0**USUAL_MINOR_DIGITS
_OTHER_FACTORS = {code: 10.0**digits for code, digits in OTHER_MINOR_DIGITS.items()}

# 532 is left out: it was the Antillean guilder and is the Caribbean one.
_NUMBERS = """
    008 ALL 012 DZD 032 ARS 036 AUD 044 BSD 048 BHD 050 BDT 051 AMD 052 BBD 060 BMD 064 BTN 068 BOB 072 BWP
    084 BZD 090 SBD 096 BND 104 MMK 108 BIF 116 KHR 124 CAD 132 CVE 136 KYD 144 LKR 152 CLP 156 CNY 170 COP
    174 KMF 188 CRC 192 CUP 203 CZK 208 DKK 214 DOP 222 SVC 230 ETB 232 ERN 238 FKP 242 FJD 262 DJF 270 GMD
    292 GIP 320 GTQ 324 GNF 328 GYD 332 HTG 340 HNL 344 HKD 348 HUF 352 ISK 356 INR 360 IDR 364 IRR 368 IQD
    376 ILS 388 JMD 392 JPY 398 KZT 400 JOD 404 KES 408 KPW 410 KRW 414 KWD 417 KGS 418 LAK 422 LBP 426 LSL
    430 LRD 434 LYD 446 MOP 454 MWK 458 MYR 462 MVR 480 MUR 484 MXN 496 MNT 498 MDL 504 MAD 512 OMR 516 NAD
    524 NPR 533 AWG 548 VUV 554 NZD 558 NIO 566 NGN 578 NOK 586 PKR 590 PAB 598 PGK 600 PYG 604 PEN 608 PHP
    634 QAR 643 RUB 646 RWF 654 SHP 682 SAR 690 SCR 702 SGD 704 VND 706 SOS 710 ZAR 728 SSP 748 SZL 752 SEK
    756 CHF 760 SYP 764 THB 776 TOP 780 TTD 784 AED 788 TND 800 UGX 807 MKD 818 EGP 826 GBP 834 TZS 840 USD
    858 UYU 860 UZS 882 WST 886 YER 901 TWD 924 ZWG 925 SLE 927 UYW 928 VES 929 MRU 930 STN 933 BYN 934 TMT
    936 GHS 938 SDG 940 UYI 941 RSD 943 MZN 944 AZN 946 RON 947 CHE 948 CHW 949 TRY 950 XAF 951 XCD 952 XOF
    953 XPF 967 ZMW 968 SRD 969 MGA 970 COU 971 AFN 972 TJS 973 AOA 975 BGN 976 CDF 977 BAM 978 EUR 979 MXV
    980 UAH 981 GEL 984 BOV 985 PLN 986 BRL 990 CLF 997 USN
"""
NUMERIC_CURRENCIES: Mapping[str, str] = dict(pair.split() for pair in re.findall(r"\d{3} [A-Z]{3}", _NUMBERS))
"""The letters of ISO 4217 for its three digits, as cards and terminals send them."""


class Money(Contract):
    """`amount_minor` counts the currency's smallest unit: 1299 of USD is 12.99 dollars."""

    amount_minor: int
    currency: Currency


def minor_digits(currency: str) -> int:
    """How many decimals an amount of this currency has by ISO 4217; two for a code that it does not know."""
    return OTHER_MINOR_DIGITS.get(currency, USUAL_MINOR_DIGITS)


def minor_factor(currency: str) -> float:
    """How many of its minor units one major unit has: 100 of USD, 1 of JPY."""
    return _OTHER_FACTORS.get(currency, _USUAL_FACTOR)


def in_major_units(amount_minor: int, currency: str) -> Decimal:
    """1299 minor units of EUR as 12.99, of JPY as 1299."""
    return Decimal(amount_minor).scaleb(-minor_digits(currency))


def to_minor_unit(amount: Decimal, currency: str) -> Decimal:
    """`amount` rounded to the currency's minor unit, halves up. Raises decimal.InvalidOperation for a huge one."""
    return amount.quantize(Decimal(1).scaleb(-minor_digits(currency)), rounding=ROUND_HALF_UP)


def written(amount: Decimal, currency: str) -> str:
    """An amount in major units as people write it: `1,234.50 EUR`, `500,000 JPY`."""
    return f"{amount:,.{minor_digits(currency)}f} {currency}"


def as_written(money: Money) -> str:
    """An amount as people write it."""
    return written(in_major_units(money.amount_minor, money.currency), money.currency)
