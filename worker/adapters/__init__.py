"""The ports over real services: the language model, the tool server, the casebook."""
