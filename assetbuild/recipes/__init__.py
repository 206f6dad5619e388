"""A release -> the configuration of a web server that sends its files: one module for each, with one `write(site)`."""
