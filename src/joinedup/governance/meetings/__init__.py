"""From notice to decision: papers, quorum, votes, adoption, the urgent route (rules: governance B5 to B11, Q, G)."""
