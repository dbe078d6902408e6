"""Which release of Casewright this is, as every process says it."""

VERSION = "0.1.0"
