"""What runs the services: the `outturn` command, the embedded mode, the demonstration and the generated documents."""
