"""The log on CouchDB 3, for several hubs that write and follow one database."""
