"""The laws of the model, one file a theme, each law a plain function written once."""
