"""One function per operation of a client or worker; each runs inside one transaction."""
