"""The hub's media relay: one station's sound decoded once, encoded once, and sent to many terminals.

Who may speak to whom, and the signals of it, are the hub's (`talk/broadcasts.py`). `encode_once`, `peers` and
`relay` need aiortc, which costs memory: import them when somebody speaks, not when the hub starts.
"""
