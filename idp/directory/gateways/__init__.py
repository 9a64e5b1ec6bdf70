"""The files that touch the world outside: register files on disk."""
