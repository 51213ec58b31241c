"""Seeing the hub run: metrics, health, traces and logs.

The hub's parts count with plain numbers and ask nothing of this package; nothing of a patient or a single
terminal is told.
"""
