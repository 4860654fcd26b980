"""Which formula a tenant uses, through the OpenFeature API."""
