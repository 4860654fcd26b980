"""Forecast: where a score will be in one to thirty days, how sure that is, and whether to step in."""

from mastery_engine.domain.forecast.intervals import Interval
from mastery_engine.domain.forecast.models import (
    DEFAULT_MODEL,
    FEWEST_DAYS,
    MODELS,
    WINDOW_DAYS,
    Model,
    Prediction,
    Situation,
)
from mastery_engine.domain.forecast.predict import MOST_DAYS_AHEAD, Forecast, forecast
from mastery_engine.domain.forecast.trajectory import Point, Trajectory, trajectory
from mastery_engine.domain.forecast.trend import TREND_DAYS, Trend, change, trend_of

__all__ = [
    "DEFAULT_MODEL",
    "FEWEST_DAYS",
    "MODELS",
    "MOST_DAYS_AHEAD",
    "TREND_DAYS",
    "WINDOW_DAYS",
    "Forecast",
    "Interval",
    "Model",
    "Point",
    "Prediction",
    "Situation",
    "Trajectory",
    "Trend",
    "change",
    "forecast",
    "trajectory",
    "trend_of",
]
