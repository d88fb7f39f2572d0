"""Interpersonal messages (X.420): the content that people send each other.

    body_parts   the parts of a body: text, general text, files; made and read
    heading      the heading: who to whom about what; made and read
    message      a whole content: heading and body, to octets and back
    exceptions   what can be wrong

What is not read here, such as notifications, is left as values of X.420's types.
"""
