"""What a language model reads and writes for a tutor's questions: with our tools, and without them."""
