"""The line: trend filtering, and penalised biases."""
