"""The command line door, `mastery`."""
