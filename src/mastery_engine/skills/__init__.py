"""The three functions of the decision that this product comes from, as thin fronts of the domain."""
