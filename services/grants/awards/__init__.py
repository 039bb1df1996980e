"""Pass-through awards: grant handed on to another body to deliver part of the programme."""
