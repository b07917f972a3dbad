"""The command line. Heavy parts are imported by the command that needs them, for a quick --help."""
