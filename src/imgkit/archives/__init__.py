"""Room archives."""
