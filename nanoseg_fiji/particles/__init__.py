"""Labels to contours, ROI sets, measurements and size statistics; knows neither torch nor Java."""
