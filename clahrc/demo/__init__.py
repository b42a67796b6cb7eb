"""The demonstration: fictional people at example.org who bring a loaded programme to life, as of today."""
