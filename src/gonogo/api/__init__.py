"""What Python code may use, exported by ``gonogo`` itself; the command line calls it, too."""
