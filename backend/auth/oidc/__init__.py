"""Sign-in at an OpenID provider, and the tokens that it gives to programs."""
