"""The ground floor: settings, and what every app shares."""
