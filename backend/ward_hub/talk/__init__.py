"""Talk through the hub: relayed signals, broadcasts to many beds, recordings."""
