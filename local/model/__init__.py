"""A chat-completions server that answers by deterministic rules: the local stand-in for Azure OpenAI."""
