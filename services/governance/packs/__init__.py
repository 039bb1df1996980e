"""Published papers: the main pack and its numbered supplements, each judged by its own clock."""
