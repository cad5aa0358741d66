"""The pages of the record: find a resident, their story, what people add to it, and the team's inbox."""
