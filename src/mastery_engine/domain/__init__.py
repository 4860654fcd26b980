"""What mastery is: events, evidence, scores, forecasts and cohorts, as pure functions and values."""
