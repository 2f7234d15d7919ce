"""Messages, answers and plans as text for a terminal."""
