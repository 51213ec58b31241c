"""One entry of a state vector, beside the reader of all of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from ward_hub.doc_rooms.state_entry import has_entry
from ward_sync.update import encode_state_vector

CLIENTS = st.integers(0, 2**32 - 1) | st.integers(0, 300)
CLOCKS = st.integers(1, 2**32 - 1) | st.integers(1, 300)


@given(state=st.dictionaries(CLIENTS, CLOCKS, max_size=40), client=CLIENTS, clock=CLOCKS)
def test_an_entry_is_found_where_the_vector_says_it_and_nowhere_else(
    state: dict[int, int], client: int, clock: int
) -> None:
    vector = encode_state_vector(state)
    assert has_entry(vector, client, clock) == (state.get(client) == clock)
    assert all(has_entry(vector, known, at) for known, at in state.items())


def test_bytes_that_look_like_an_entry_across_two_are_none() -> None:
    """(1 → 2), (2 → 5): the bytes 02 02 stand there too, as the clock of one and the client of the next."""
    vector = bytes((2, 1, 2, 2, 5))
    assert has_entry(vector, 1, 2)
    assert has_entry(vector, 2, 5)
    assert not has_entry(vector, 2, 2)
    assert not has_entry(bytes((1, 0x81, 0x02, 5)), 2, 5)
