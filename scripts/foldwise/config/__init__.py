"""The configuration as typed models, and the messages for a wrong one."""
