"""Groups of rows, and outer and inner folds that never split a group."""
