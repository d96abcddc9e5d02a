"""Measures viahe beside its peers: `make bench-peers`."""
