"""The HTTP door: routes, envelopes and errors, thin over the use cases."""
