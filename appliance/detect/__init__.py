"""Detection: flows and observations in, signals out."""
