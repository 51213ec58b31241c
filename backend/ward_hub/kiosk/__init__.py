"""A terminal's browser on a PC: started for one address, watched, started anew (DEV-08)."""
