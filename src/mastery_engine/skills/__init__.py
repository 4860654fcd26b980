"""The three functions of the decision that this product comes from, as thin fronts of the domain.

Plain numbers in, plain dictionaries out; nothing is stored, read or waited for, and importing brings in the domain alone.
"""

from mastery_engine.skills.calculating import calculate_mastery, generate_recommendations
from mastery_engine.skills.foreseeing import predict_trajectory

__all__ = ["calculate_mastery", "generate_recommendations", "predict_trajectory"]
