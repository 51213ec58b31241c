"""How terminals meet and talk: messages, who may, talk legs, glare; functions and tables without I/O.

`media` beside them is the relay that moves sound, and needs aiortc.
"""
