"""Flow assembly: owns the table's memory, names what the kernels wrote."""
