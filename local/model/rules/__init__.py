"""From a conversation to the next tool calls, or to a verdict by the rules of `screening`. Pure."""
