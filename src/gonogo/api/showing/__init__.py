"""How objects show themselves: bars, tables, and cards for notebooks."""
