"""When a source said that it handed over: the last day of a simulated source is read from it."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("record", "0002_handover")]

    operations = [
        migrations.AddField("handover", "sent_at", models.DateTimeField(null=True)),
        migrations.AddIndex("handover", models.Index(fields=["source", "sent_at"], name="record_handover_newest")),
    ]
