"""x400: the Message Handling System of ITU-T X.400."""
