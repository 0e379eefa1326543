"""Which modules compute attention, and how it is read where queries and keys do not tell it."""
