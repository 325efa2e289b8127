"""The interactive page: views of what is known, solved and trained, served to a browser on this machine."""
