"""From evidence to alerts to incidents: adding up, folding, budgets, mutes, words."""
