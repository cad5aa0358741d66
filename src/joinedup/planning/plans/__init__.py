"""Plans: lines, templates out and in, versions, deadlines, documents and signatures (rules MD1 to MD3, MD7, MD9)."""
