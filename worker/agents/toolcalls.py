"""Validates a model's tool requests before they reach a tool."""

import logging
from collections.abc import Mapping, Sequence, Set
from typing import Any

from jsonschema import Draft202012Validator
from pydantic import JsonValue
from referencing import Registry

from contracts.words import cut
from worker.agents.json_text import NotAnObject, read_object
from worker.domain.json_depth import is_too_deep
from worker.ports.model import MAX_ARGUMENTS, ToolRequest
from worker.ports.tools import ToolDescription, ToolInvocation

MAX_ERROR = 300

log = logging.getLogger(__name__)


class BadToolRequest(Exception):
    """The request cannot be run; the message tells the model why."""


class ToolScope:
    """The tools of one run, and the one customer that they may be asked about."""

    def __init__(
        self, tools: Sequence[ToolDescription], validators: Mapping[str, Draft202012Validator], customer_id: int
    ) -> None:
        self.offered = tuple(_about_customer(tool, customer_id) for tool in tools)
        """The tools as they are described to the model."""
        self._validators = {tool.name: validators[tool.name] for tool in tools}
        self._customer_id = customer_id

    def check(self, request: ToolRequest) -> ToolInvocation:
        """The call that `request` asks for. Raises BadToolRequest."""
        validator = self._validators.get(request.tool)
        if validator is None:
            known = ", ".join(sorted(self._validators)) or "none, there are no tools here"
            raise BadToolRequest(f"There is no tool '{request.tool[:64]}': use {known}.")
        if request.left_out:
            raise BadToolRequest(
                f"The arguments take {request.left_out:,} characters, more than {MAX_ARGUMENTS:,}: ask for less."
            )
        try:
            arguments = read_object(request.arguments or "{}")
        except NotAnObject as why:
            raise BadToolRequest(f"The arguments are not a JSON object: {why}.") from None
        problem = _problem(validator, arguments)
        if problem is not None:
            raise BadToolRequest(f"The arguments do not fit the tool's schema: {cut(problem, MAX_ERROR)}.")
        # A text in the records must not be able to send the agent through other customers' data.
        if arguments.get("customer_id", self._customer_id) != self._customer_id:
            raise BadToolRequest(f"This case is about customer {self._customer_id} alone.")
        return ToolInvocation(tool=request.tool, arguments=arguments, shareable=True)


class Toolset:
    """The tools of one listing. What holds requests to their schemas is made once for all runs that use it."""

    def __init__(self, listing: tuple[ToolDescription, ...]) -> None:
        self.listing = listing
        self._validators = {tool.name: validator for tool in listing if (validator := _validator(tool)) is not None}

    def scope(self, names: Set[str], customer_id: int) -> ToolScope:
        """Those tools of the listing with one of these names and a schema that requests can be validated by."""
        named = [tool for tool in self.listing if tool.name in names and tool.name in self._validators]
        return ToolScope(named, self._validators, customer_id)


NO_TOOLS = Toolset(())


def _validator(tool: ToolDescription) -> Draft202012Validator | None:
    """The validator of the tool's schema; None when the schema cannot be used."""
    try:
        if is_too_deep(tool.parameters):
            raise ValueError("it is nested too deeply")
        Draft202012Validator.check_schema(tool.parameters)
        # No registry, or a reference to elsewhere would be fetched from there.
        validator = Draft202012Validator(tool.parameters, registry=Registry[Any]())
        next(iter(validator.iter_errors({})), None)  # pyright: ignore[reportUnknownMemberType] - jsonschema's stub
    except Exception as error:  # a stranger's schema makes the library raise whatever its parts do
        log.warning("The tool %r is not offered: its schema cannot be used (%s).", tool.name, type(error).__name__)
        return None
    return validator


def _problem(validator: Draft202012Validator, arguments: Mapping[str, JsonValue]) -> str | None:
    try:
        problem = next(iter(validator.iter_errors(arguments)), None)  # pyright: ignore[reportUnknownMemberType] - jsonschema's stub
    except Exception as error:  # some faults of a schema show only when a value meets them
        return f"the schema itself cannot be used ({type(error).__name__})"
    return None if problem is None else problem.message


def readable_arguments(request: ToolRequest) -> dict[str, JsonValue] | None:
    """The arguments as an object, or None when they are not one."""
    try:
        return read_object(request.arguments or "{}")
    except NotAnObject:
        return None


def _about_customer(tool: ToolDescription, customer_id: int) -> ToolDescription:
    """The tool as a model is offered it: a customer's id can only be that of the case."""
    properties = tool.parameters.get("properties")
    if not isinstance(properties, dict) or "customer_id" not in properties:
        return tool
    # Gemini takes no numbers in an `enum`.
    only: JsonValue = {
        "type": "integer",
        "minimum": customer_id,
        "maximum": customer_id,
        "description": f"Always {customer_id}: the customer of this case.",
    }
    return tool.model_copy(
        update={"parameters": {**tool.parameters, "properties": {**properties, "customer_id": only}}}
    )
