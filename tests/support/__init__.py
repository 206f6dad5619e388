"""What tests need beyond pytest: real packages, and tools that judge the output independently of our own code."""
