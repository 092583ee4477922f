"""What holds for every test: a property is not wrong because the machine was busy while it was tried."""

from hypothesis import settings

# Hypothesis brings a profile of its own for continuous integration (the same examples each time); it stays the base.
settings.register_profile("mailbot", settings.get_profile(settings.get_current_profile_name()), deadline=None)
settings.load_profile("mailbot")
