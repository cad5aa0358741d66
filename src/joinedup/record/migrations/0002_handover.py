"""What is handed over between teams, and its steps, which never change."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("record", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Handover",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("subject_id", models.UUIDField()),
                ("type", models.TextField()),
                ("kind", models.TextField()),
                ("sender", models.TextField()),
                ("receiver", models.TextField()),
                ("urgency", models.TextField()),
                ("began_at", models.DateTimeField(null=True)),
                ("arrived_at", models.DateTimeField()),
                ("open_by", models.DateTimeField(null=True)),
                ("source", models.TextField()),
                ("state", models.TextField()),
                ("opened_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["receiver", "state"], name="record_handover_inbox"),
                    models.Index(fields=["sender", "state"], name="record_handover_outbox"),
                    models.Index(fields=["subject_id"], name="record_handover_subject"),
                    models.Index(
                        condition=models.Q(("open_by__isnull", False), ("opened_at", None)),
                        fields=["open_by"],
                        name="record_handover_unopened",
                    ),
                ]
            },
        ),
        migrations.CreateModel(
            name="HandoverStep",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("handover_id", models.UUIDField()),
                ("subject_id", models.UUIDField()),
                ("state", models.TextField()),
                ("at", models.DateTimeField()),
                ("organisation", models.TextField()),
                ("actor", models.TextField()),
                ("actor_name", models.TextField()),
                ("reason", models.TextField()),
                ("stored_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("handover_id", "state", "at"), name="record_handover_step_once"
                    )
                ]
            },
        ),
        migrations.RunSQL(
            "CREATE TRIGGER record_handoverstep_refuse_change BEFORE UPDATE OR DELETE ON record_handoverstep "
            "FOR EACH ROW EXECUTE FUNCTION record_refuse_change()",
            "DROP TRIGGER record_handoverstep_refuse_change ON record_handoverstep",
        ),
    ]
