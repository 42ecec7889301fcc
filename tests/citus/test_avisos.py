"""Transitions and their deliveries."""

from test_avisos import *  # noqa: F403
