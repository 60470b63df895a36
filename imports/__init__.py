"""Settings → Import history: uploads that are checked, shown, confirmed and imported by flipdash.tables."""
