"""What a study file may say: every key typed, with its unit and meaning."""
