"""The whole service in one process, with an embedded store, fast time, a seeded agency and simulated bots."""
