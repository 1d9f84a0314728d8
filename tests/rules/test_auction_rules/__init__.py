"""The auction rules, each case named after its line; resolvers against a brute-force reference."""
