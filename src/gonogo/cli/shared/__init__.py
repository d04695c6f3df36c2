"""What several verbs print, ask for or parse alike."""
