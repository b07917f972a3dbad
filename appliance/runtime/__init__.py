"""The ground the parts stand on: clock, channel, threads, metrics, systemd, places on disk."""
