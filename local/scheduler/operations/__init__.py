"""One function per thing a client or worker can ask for; each runs inside one transaction."""
