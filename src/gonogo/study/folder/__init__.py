"""What lies in a study's folder, how it is named, and what its fingerprints say."""
