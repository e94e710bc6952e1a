"""Where data come from: files of all kinds as tables, named problems, problems made from their dual."""
