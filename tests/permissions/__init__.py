"""Who may do what, asked of every address of the site in every state of an evaluation."""
