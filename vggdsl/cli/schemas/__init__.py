"""What the commands print as JSON: one type a thing, told field by field.

A field's meaning, with its unit, stands in its ``Annotated``; JSON.md is made of these types. A key is always there
unless it is ``NotRequired``; what isn't known is null.
"""
