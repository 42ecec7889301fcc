"""What holds on Citus too: `make test-citus`. A package, so that its conftest has a name of its own."""
