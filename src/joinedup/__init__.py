"""joinedup is an Integrated Care System in software. Its rooms, in the order in which data moves:

ui          layout, components, charts, maps and exports that every room's pages share
access      who may see or do what, and the proof of who did: sign-in, roles, grants, audit
system      bodies, places, neighbourhoods, posts and the people who hold them, as they were, are and will be
feeds       what partners send, as checked FHIR resources, or set aside with a reason
identity    which source records are one resident
record      the shared care record: store, FHIR API, summary, timeline, hand-over
population  the pseudonymised population: snapshots, tables, cohorts, registers, segments, risk
measures    indicators with intervals: standardised rates, inequality, change over time, disclosure control
planning    demand, capacity, waiting lists and workforce; plans and whether they agree
money       allocation by need, the single pot, contracts, payment by rule
governance  boards, papers, decisions, delegations, interests, risks and the transition between legal forms
simulation  a made-up system whose partners send feeds as real partners do; it only writes files

A room imports only from rooms above it in this list. Beside the rooms stand:

errors      what a person is told when something cannot be done
moment      the pair of times that every question is asked for: true on a day, known at an instant
database    the one PostgreSQL server: where it is, how it starts and stops
backup      everything in one checked file, and back
serve       the web server and the job worker, watched over
settings    the configuration, all of it from environment variables
demo        a simulated system, loaded and linked, with a sign-in for each kind of user
            (`demo_returns`: what its partners plan, spend and agree)
urls, home  the route table and the front page
installation  what `joinedup check` looks at
cli         the command line
"""

__version__ = "0.1.0"
