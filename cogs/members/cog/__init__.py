"""Commands of people, one file a group, and what Discord tells of who comes and goes."""
