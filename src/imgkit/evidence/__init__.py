"""The record of an image set: manifest, SHA256SUMS and custody, written through `image_set`."""
