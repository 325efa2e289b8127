"""What is minimised: data, penalty, lam; knows no method."""
