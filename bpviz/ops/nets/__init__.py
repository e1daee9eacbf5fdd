"""What a network is built of: layers and losses."""
