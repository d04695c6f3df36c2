"""From a spec or a folder to a model of whatever kind."""
