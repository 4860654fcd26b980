"""`mastery demo`: a class, a real crash in the middle, and the proof that nothing counted twice."""
