"""The hub: gate, shared documents, durable log, directory, feeds, and the edge that speaks to terminals."""

__version__ = "0.1.0"
