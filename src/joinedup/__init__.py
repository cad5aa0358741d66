"""joinedup is an Integrated Care System in software. Its rooms, in the order in which data moves:

ui          layout, components, charts, maps and exports that every room's pages share
access      who may see or do what, and the proof of who did: sign-in, roles, grants, audit
system      bodies, places, neighbourhoods, posts and the people who hold them, as they were, are and will be

A room imports only from rooms above it in this list. Beside the rooms stand:

errors      what a person is told when something cannot be done
moment      the pair of times that every question is asked for: true on a day, known at an instant
database    the one PostgreSQL server and how it is reached, backed up and restored
settings    the configuration, all of it from environment variables
urls, home  the route table and the front page
cli         the command line
"""

__version__ = "0.1.0"
