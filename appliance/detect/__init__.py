"""Detection: rows of memory that are due become signals, each with its reasons."""
