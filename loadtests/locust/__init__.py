"""Load tests with Locust: terminals on gevent that speak the hub's protocol through `ward_sync`.

`loadtests/locust_runs.py` starts the hub and the play; nothing here is imported by anything else.
"""
