"""Packages: the words in which they are spoken of, one file for each manager, and the choice between them."""
