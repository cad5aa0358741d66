from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    """Take out two tables that nothing wrote or read: what the public does not read is masked by rule."""

    dependencies = [("governance", "0006_staff_responses")]

    operations = [migrations.DeleteModel("PublicMinutes"), migrations.DeleteModel("Redaction")]
