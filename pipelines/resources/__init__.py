"""What runs need from outside: settings, and the workspace that they describe."""
