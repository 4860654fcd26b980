"""A made-up school: students of several kinds through a term, all of it following from a seed."""
