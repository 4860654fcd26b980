"""The commands, one file each (or one a group): what they take, and whom they ask."""
