"""What was measured: public measurements, and the logs and tables that users bring."""
