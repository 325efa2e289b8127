"""What is asked: studies, tasks, their files."""
