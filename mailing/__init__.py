"""The one door that every email leaves by."""
