"""Countries in telemetry, by ISO 3166-1."""

_ALSO_WRITTEN = {"UK": "GB", "EL": "GR"}
# Assigned to no country by ISO 3166 and used for "unknown"; XK is Kosovo, EU and AP are regions of address lists.
_NO_COUNTRIES = frozenset({"AA", "ZZ", "EU", "AP"})


def country_of(given: object) -> str | None:
    """Its two letters, however they are written; None for what names no country."""
    code = given.strip().upper() if isinstance(given, str) else ""
    code = _ALSO_WRITTEN.get(code, code)
    return code if _is_country(code) else None


def _is_country(code: str) -> bool:
    if len(code) != 2 or not (code.isascii() and code.isalpha()) or code in _NO_COUNTRIES:
        return False
    return not ("QM" <= code <= "QZ" or ("XA" <= code <= "XZ" and code != "XK"))
