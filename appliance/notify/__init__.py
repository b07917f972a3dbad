"""Who is told about alerts."""
