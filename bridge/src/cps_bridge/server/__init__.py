"""Front 1: the loopback WebSocket.  guard ─> frames ─> desk."""
