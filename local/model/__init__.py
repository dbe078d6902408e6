"""A chat-completions server whose answers come from transparent rules: Azure OpenAI's stand-in on one machine."""
