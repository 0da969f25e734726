"""Sample disks made with real tools and without root: what the demo exports and what tests look into."""
