"""The search for networks and trainings: accuracy on new people against counted cost, with Optuna."""
