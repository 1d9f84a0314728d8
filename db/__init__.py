"""The archive: engine, tenant scope, tables. Knows no Discord and no feature rule."""
