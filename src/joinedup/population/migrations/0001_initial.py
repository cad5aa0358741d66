"""Snapshots made, tombstones, and postcodes."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="SnapshotMade",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("snapshot", models.TextField()),
                ("revision", models.IntegerField()),
                ("day", models.DateField()),
                ("made_at", models.DateTimeField()),
                ("made_by", models.TextField()),
                ("recipient", models.TextField()),
                ("key_version", models.IntegerField()),
                ("origin", models.TextField()),
                ("people", models.BigIntegerField()),
                ("rows", models.BigIntegerField()),
                ("manifest", models.TextField()),
                ("reason", models.TextField(blank=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("snapshot", "revision"), name="population_revision_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Tombstone",
            fields=[
                ("digest", models.TextField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Postcode",
            fields=[
                ("postcode", models.CharField(max_length=8, primary_key=True, serialize=False)),
                ("lsoa11", models.CharField(max_length=30)),
            ],
        ),
    ]
