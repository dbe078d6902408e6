"""The plain client: both APIs, streamed and whole, and Azure's paths."""

import os

from openai import AzureOpenAI, OpenAI
from pydantic import BaseModel


class Weather(BaseModel):
    city: str
    degrees: float


URL = os.environ["MODEL_URL"]
client = OpenAI(base_url=f"{URL}/v1", api_key="unused", max_retries=0)
hello = [{"role": "user", "content": "Who are you?"}]

whole = client.chat.completions.create(model="m", messages=hello).choices[0].message.content
assert "casewright-rules-1" in whole
streamed = "".join(
    chunk.choices[0].delta.content or ""
    for chunk in client.chat.completions.create(model="m", messages=hello, stream=True)
)
assert streamed == whole
assert client.responses.create(model="m", input="Who are you?").output_text == whole
with client.responses.stream(model="m", input="Who are you?") as stream:
    stream.until_done()
    assert stream.get_final_response().output_text == whole
assert isinstance(client.responses.parse(model="m", input="x", text_format=Weather).output_parsed, Weather)
assert isinstance(
    client.chat.completions.parse(model="m", messages=hello, response_format=Weather).choices[0].message.parsed, Weather
)
azure = AzureOpenAI(azure_endpoint=URL, api_key="unused", api_version="2024-10-21", max_retries=0)
assert azure.chat.completions.create(model="gpt-4o", messages=hello).choices[0].message.content == whole
assert OpenAI(base_url=f"{URL}/openai/v1", api_key="unused").responses.create(model="m", input="x").output_text
assert client.models.retrieve("casewright-rules-1").id == client.models.list().data[0].id
