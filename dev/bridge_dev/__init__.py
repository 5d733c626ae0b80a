"""What a developer runs: set-up, demo, tests, benchmarks. Standard library only, so that it can bootstrap itself."""
