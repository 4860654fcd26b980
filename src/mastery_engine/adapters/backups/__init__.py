"""Where backups lie: a folder, or an object store."""
