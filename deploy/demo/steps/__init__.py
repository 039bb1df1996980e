"""The steps of the demonstration, one file a service and one for the real finance files."""
