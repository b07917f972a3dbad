"""Learnt baselines: isolation forests, trained in another process, scored in this one."""
