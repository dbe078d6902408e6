from typing import Any

import pytest

from backend.app import create_app

FOR_OTHERS = {"/ready", "/api/session/callback"}
"""Read by probes, and by people whom the sign-in provider sends here."""


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return create_app().openapi()


def test_every_operation_has_its_own_id_and_summary(described: dict[str, Any]) -> None:
    operations = [operation for path in described["paths"].values() for operation in path.values()]
    ids = [operation["operationId"] for operation in operations]
    assert len(set(ids)) == len(ids) > 0
    assert all(operation["summary"] and operation["description"] for operation in operations)


def test_every_error_is_described_as_a_problem_document(described: dict[str, Any]) -> None:
    for path, operations in described["paths"].items():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if int(status) >= 400 and path not in FOR_OTHERS:
                    assert list(response["content"]) == ["application/problem+json"], path


def test_whatever_takes_a_query_refuses_long_ones(described: dict[str, Any]) -> None:
    for path, operations in described["paths"].items():
        for operation in operations.values():
            takes_query = any(parameter["in"] == "query" for parameter in operation.get("parameters", ()))
            assert ("414" in operation["responses"]) is takes_query, path


def test_openapi_names_every_field_without_framework_schemas(described: dict[str, Any]) -> None:
    schemas = described["components"]["schemas"]
    assert not [name for name in schemas if name.endswith("-Output") or "ValidationError" in name]
    assert set(schemas["Finding"]["required"]) == {"statement", "evidence_ids", "unsupported", "unsupported_reason"}
    assert set(schemas["StartRequest"]["required"]) == {"customer_id", "alert_type", "description", "severity"}


def test_the_messages_of_stream_and_socket_have_types(described: dict[str, Any]) -> None:
    assert set(described["webhooks"]) == {
        *("telemetry", "alert", "case", "chat", "service", "orchestration-failed", "case-status"),
    }
    assert {"TelemetryBatch", "AlertMessage", "CaseMessage", "CaseStatusMessage"} <= set(
        described["components"]["schemas"]
    )


def test_each_event_of_the_stream_has_a_type(described: dict[str, Any]) -> None:
    answer = described["paths"]["/api/events/stream"]["get"]["responses"]["200"]
    schema = answer["content"]["text/event-stream"]["schema"]
    assert schema["type"] == "object"
    for event in (each["properties"] for each in schema["oneOf"]):
        hook = described["webhooks"][event["event"]["const"]]["post"]["requestBody"]["content"]
        assert event["data"]["contentSchema"] == hook["application/json"]["schema"]
    named = {each["properties"]["event"]["const"] for each in schema["oneOf"]}
    assert described["webhooks"].keys() - named == {"orchestration-failed", "case-status"}


def test_data_of_a_failed_orchestration_has_a_type(described: dict[str, Any]) -> None:
    assert described["components"]["schemas"]["OrchestrationFailed"]["properties"]["failures"]["type"] == "integer"
