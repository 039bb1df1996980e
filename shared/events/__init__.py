"""Every fact that crosses between services, declared once, in its owner's file."""
