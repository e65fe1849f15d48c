"""Texts: cut, joined, padded, compared. Needs no host: also at the top level of a file.

Lua's own string library counts bytes; these know characters.
"""

PARTS = {
    "cases": ("upper", "lower", "title", "capitalize", "snake_case", "kebab_case", "camel_case", "slug"),
    "trims": ("trim", "trim_left", "trim_right", "trim_prefix", "trim_suffix", "truncate", "substring"),
    "looks": ("starts_with", "ends_with", "contains", "count", "index", "length", "is_empty"),
    "lists": ("lines", "words", "split", "join"),
    "shapes": ("indent", "pad_left", "pad_right", "center", "rep", "reverse", "replace", "quote"),
    "patterns": ("matches", "replace_pattern"),
}
