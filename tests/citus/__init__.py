"""What holds on Citus too: `make test-citus`. A package: its conftest needs another name."""
