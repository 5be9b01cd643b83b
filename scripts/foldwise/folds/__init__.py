"""Groups, and the outer and inner folds that never split one."""
