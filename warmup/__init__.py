"""What people run beside the service: the command line and the local sandbox (never deployed)."""
