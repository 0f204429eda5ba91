"""The command line: what may be asked, what is done, what is said."""
