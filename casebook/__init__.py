"""The case record: what happened to every case, what was found, asked, decided and done."""
