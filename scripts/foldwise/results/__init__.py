"""The files of a finished run: where they are, what is in them, and how numbers and names are written."""
