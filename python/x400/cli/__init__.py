"""The commands of `x400`, one module each; `main` puts them together. What they do is done by the layers below."""
