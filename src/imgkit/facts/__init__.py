"""Room facts."""
