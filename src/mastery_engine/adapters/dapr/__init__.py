"""State through a Dapr sidecar, whose component must be `state.redis`.

`address` reads the URL, `sidecar` makes the calls, `failures` and `refusals` say what their errors mean, `wire` turns entries
and writes into messages and back, `packing` cuts batches to what one call may carry, and `state` is the store.
"""
