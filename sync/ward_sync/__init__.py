"""The wire protocol and the call rules: functions on bytes and values, without I/O, clock or randomness."""
