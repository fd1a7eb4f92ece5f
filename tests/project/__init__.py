"""What is written agrees with itself: docs, texts, manifest, the house."""
