"""The store: partitioned by the hash of the subject, and closed to changes by triggers."""

from __future__ import annotations

import django.contrib.postgres.fields
from django.db import migrations, models

PARTITIONS = 8

RESOURCE = """
CREATE TABLE record_resource (
    subject_id uuid NOT NULL,
    id uuid NOT NULL,
    version integer NOT NULL CHECK (version > 0),
    type text NOT NULL,
    source text NOT NULL,
    delivery_id bigint,
    position integer NOT NULL,
    event_at timestamptz NOT NULL,
    stored_at timestamptz NOT NULL,
    starts timestamptz,
    ends timestamptz,
    tokens text[] NOT NULL,
    digest bytea NOT NULL,
    author text,
    body bytea NOT NULL,
    PRIMARY KEY (subject_id, id, version)
) PARTITION BY HASH (subject_id)
"""
STAY_EVENT = """
CREATE TABLE record_stayevent (
    subject_id uuid NOT NULL,
    encounter_id uuid NOT NULL,
    message_id text NOT NULL,
    delivery_id bigint NOT NULL,
    event jsonb NOT NULL,
    PRIMARY KEY (subject_id, encounter_id, message_id)
) PARTITION BY HASH (subject_id)
"""
# Lines 3 and 4 of what must never happen: nothing is overwritten or deleted silently.
REFUSE = """
CREATE FUNCTION record_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'A version in the record is never changed or removed; add a new one.' USING ERRCODE = '55000';
END $$
"""


def _table(name: str, create: str) -> list[str]:
    partitions = [
        f"CREATE TABLE {name}_{number} PARTITION OF {name} FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER {number})"
        for number in range(PARTITIONS)
    ]
    refuse = (
        f"CREATE TRIGGER {name}_refuse_change BEFORE UPDATE OR DELETE ON {name} "
        "FOR EACH ROW EXECUTE FUNCTION record_refuse_change()"
    )
    truncate = [
        f"CREATE TRIGGER {table}_refuse_truncate BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION record_refuse_change()"
        for table in (name, *(f"{name}_{number}" for number in range(PARTITIONS)))
    ]
    return [create, *partitions, refuse, *truncate]


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    [
                        REFUSE,
                        *_table("record_resource", RESOURCE),
                        "CREATE INDEX record_resource_by_id ON record_resource (id)",
                        *_table("record_stayevent", STAY_EVENT),
                    ],
                    [
                        "DROP TABLE record_stayevent",
                        "DROP TABLE record_resource",
                        "DROP FUNCTION record_refuse_change()",
                    ],
                )
            ],
            state_operations=[
                migrations.CreateModel(
                    name="Resource",
                    fields=[
                        ("pk", models.CompositePrimaryKey("subject_id", "id", "version", blank=True, editable=False,
                                                          primary_key=True, serialize=False)),
                        ("subject_id", models.UUIDField()),
                        ("id", models.UUIDField()),
                        ("version", models.IntegerField()),
                        ("type", models.TextField()),
                        ("source", models.TextField()),
                        ("delivery_id", models.BigIntegerField(null=True)),
                        ("position", models.IntegerField()),
                        ("event_at", models.DateTimeField()),
                        ("stored_at", models.DateTimeField()),
                        ("starts", models.DateTimeField(null=True)),
                        ("ends", models.DateTimeField(null=True)),
                        ("tokens", django.contrib.postgres.fields.ArrayField(models.TextField(), size=None)),
                        ("digest", models.BinaryField(max_length=16)),
                        ("author", models.TextField(null=True)),
                        ("body", models.BinaryField()),
                    ],
                    options={"indexes": [models.Index(fields=["id"], name="record_resource_by_id")]},
                ),
                migrations.CreateModel(
                    name="StayEvent",
                    fields=[
                        ("pk", models.CompositePrimaryKey("subject_id", "encounter_id", "message_id", blank=True,
                                                          editable=False, primary_key=True, serialize=False)),
                        ("subject_id", models.UUIDField()),
                        ("encounter_id", models.UUIDField()),
                        ("message_id", models.TextField()),
                        ("delivery_id", models.BigIntegerField()),
                        ("event", models.JSONField()),
                    ],
                ),
            ],
        )
    ]
