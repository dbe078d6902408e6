"""The case record: alerts, findings, questions, decisions and effects of every case."""
