"""Results in words: the sentences, tables and sums of an explanation."""
