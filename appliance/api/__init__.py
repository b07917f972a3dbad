"""The HTTP and WebSocket side: reads what the daemon knows, changes nothing."""
