"""The built-in demonstration network: a believable home, made of bytes, nothing is ever sent."""
