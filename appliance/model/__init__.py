"""Vocabulary: the records that cross boundaries. No I/O, no clock, no threads."""
