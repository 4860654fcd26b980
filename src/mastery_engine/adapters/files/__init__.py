"""Events out of files: JSON lines and CSV, a mapping for other names, and a file for refused lines."""
