"""Measurements that anybody can repeat: `make bench`. Results with machine, versions and date are in `results/`."""
