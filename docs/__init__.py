"""Pages for people, and what makes their reference parts from the code (`generate.py`)."""
