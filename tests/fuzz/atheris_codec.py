"""A target of atheris: bytes into every reader of the codec, guided by which lines they reach.

`python tests/fuzz/atheris_codec.py -runs=20000 -seed=1 CORPUS`; test_atheris.py does so. What is raised and
is no refusal ends the process with the bytes that did it.
"""

from __future__ import annotations

import sys

import atheris  # type: ignore[import-untyped]

with atheris.instrument_imports(include=["ward_sync"]):
    from ward_sync.awareness import decode_awareness, encode_awareness
    from ward_sync.codec import decode, decode_y, encode, encode_y
    from ward_sync.errors import RemoteProtocolError
    from ward_sync.nesting import Nesting
    from ward_sync.update import parse_state_vector, parse_update

READERS = 5


def one_input(data: bytes) -> None:
    """The first byte chooses the reader."""
    if not data:
        return
    reader, data = data[0] % READERS, data[1:]
    try:
        if reader == 0:
            frame = decode(data)
            assert encode(frame.address, frame.message) == data
        elif reader == 1:
            assert encode_y(decode_y(data)) == data
        elif reader == 2:
            assert encode_awareness(decode_awareness(data)) == data
        elif reader == 3:
            parse_state_vector(data)
        else:
            shape = parse_update(data)
            placed = Nesting().place(data, {})
            # One level for what the outermost hangs on, which the update need not hold.
            assert placed.deepest <= shape.count + 1
    except RemoteProtocolError:
        return


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
