"""One verb, one file: read arguments, call one function, print."""
