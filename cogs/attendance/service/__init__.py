"""Attendance out of the raids' rows: figures for one and for many, standings, exports. Nothing is stored."""
