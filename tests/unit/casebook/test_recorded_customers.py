"""Who customers are, as answers of tools on record say."""

import pytest

from casebook.queries import recorded_customers
from casebook.queries.recorded_customers import CustomerReader
from tests.support.casebooks import CaseBook
from tests.unit.casebook.builders import investigate, open_case


def test_each_customer_is_found_however_many_answers(book: CaseBook, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in (1, 2):
        investigate(book, open_case(book, number))
    reader = CustomerReader(book.transactions)
    every = {customer: len(records) for customer, records in reader.of_customers({1, 2, 3}).items()}
    monkeypatch.setattr(recorded_customers, "MOST_OF_A_CUSTOMER", 2)
    found = reader.of_customers({1, 2, 3})
    assert every == {1: 3, 2: 3}
    assert {customer: len(records) for customer, records in found.items()} == {1: 2, 2: 2}
    assert {str(record["name"]) for records in found.values() for record in records} == {"Åse"}
