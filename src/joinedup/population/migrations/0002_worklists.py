from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models

TABLES = ("worklist", "workliststep", "worklistentry", "worklistmark")
# Nothing of a worklist is overwritten: who asked, who approved, who was on it, what was noted.
GROWS = """
CREATE FUNCTION population_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% only grows: % is refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;
""" + "".join(
    f"CREATE TRIGGER population_{table}_grows_{what} BEFORE {what} ON population_{table} "
    "FOR EACH STATEMENT EXECUTE FUNCTION population_refuse_change();\n"
    for table in TABLES
    for what in ("UPDATE", "DELETE", "TRUNCATE")
)
UNDO = "DROP FUNCTION population_refuse_change() CASCADE;"


class Migration(migrations.Migration):
    dependencies = [("population", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Worklist",
            fields=[
                ("number", models.BigAutoField(primary_key=True, serialize=False)),
                ("title", models.TextField()),
                ("include", models.JSONField()),
                ("exclude", models.JSONField()),
                ("snapshot", models.TextField()),
                ("revision", models.IntegerField()),
                ("people", models.TextField()),
                ("purpose", models.TextField()),
                ("reason", models.TextField()),
                ("asked_by", models.TextField()),
                ("asked_name", models.TextField()),
                ("asked_role", models.TextField(blank=True)),
                ("asked_body", models.UUIDField(null=True)),
                ("asked_at", models.DateTimeField()),
                ("request_id", models.UUIDField(null=True, unique=True)),
            ],
        ),
        migrations.CreateModel(
            name="WorklistStep",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "worklist",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="steps", to="population.worklist"
                    ),
                ),
                ("step", models.TextField()),
                ("who", models.TextField()),
                ("name", models.TextField()),
                ("role", models.TextField(blank=True)),
                ("at", models.DateTimeField()),
                ("reason", models.TextField(blank=True)),
            ],
            options={"indexes": [models.Index(fields=["worklist", "id"], name="population_worklist_steps")]},
        ),
        migrations.CreateModel(
            name="WorklistEntry",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                (
                    "worklist",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="entries", to="population.worklist"
                    ),
                ),
                ("subject_id", models.UUIDField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("worklist", "subject_id"), name="population_worklist_subject_once"
                    )
                ]
            },
        ),
        migrations.CreateModel(
            name="WorklistMark",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "entry",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="marks", to="population.worklistentry"
                    ),
                ),
                ("state", models.TextField()),
                ("who", models.TextField()),
                ("name", models.TextField()),
                ("role", models.TextField(blank=True)),
                ("at", models.DateTimeField()),
            ],
            options={"indexes": [models.Index(fields=["entry", "id"], name="population_worklist_marks")]},
        ),
        migrations.RunSQL(GROWS, reverse_sql=UNDO),
    ]
