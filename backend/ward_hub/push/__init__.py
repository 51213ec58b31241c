"""PDA push: which nurse's phone is told of which call when its screen is not open, and which phones answer.

An extra beside the open socket, never instead of it: a push counts as sent, only the phone's receipt as seen.
"""
