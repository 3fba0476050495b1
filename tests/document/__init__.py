"""The public document's code blocks, verbatim in blocks/, run as written."""
