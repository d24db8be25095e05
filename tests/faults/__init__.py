"""What happens to a publication when its process, its rivals, the network or the store misbehave.

The same trials run small in `make test` and large in `make faults`.
"""
