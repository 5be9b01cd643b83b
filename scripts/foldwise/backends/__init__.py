"""XGBoost, LightGBM and CatBoost behind one interface."""
