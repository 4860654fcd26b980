"""The page of the API: what is in it is data."""
