"""Why a query tower found what it found."""
