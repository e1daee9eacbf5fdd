"""What a row of the table is, and the one way to call it."""
