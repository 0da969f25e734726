"""Room transfer."""
