"""What the pages print: stored results, records and states turned into words and figures. Templates compute nothing."""
