"""Remote operations (X.219, X.880): of these, message transfer uses the bind."""
