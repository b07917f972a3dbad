"""Configuration: strict, typed, read once."""
