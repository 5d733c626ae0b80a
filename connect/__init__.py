"""What all workers, on all servers, share about one connector: whose turn it is, the token, the secrets."""
