"""Steps that bring the schema up to date, one a file, numbered; steps are only ever added, and none leads back."""
