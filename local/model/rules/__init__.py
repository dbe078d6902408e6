"""From a conversation to the tools to call next, or to a verdict by the rules of `screening`. Pure."""
