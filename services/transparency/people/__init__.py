"""Staff lists, posts, the organisation chart, senior pay and how many earn how much (T-30 to T-37)."""
