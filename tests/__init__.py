"""The tests: a package, so that no installed one of this name (Ciw brings one) hides it."""
