from django.db import migrations, models

# A figure that was shown stays as it was shown: the register of them is never changed.
GROWS = "".join(
    f"CREATE TRIGGER measures_cohortanswer_grows_{what} BEFORE {what} ON measures_cohortanswer "
    "FOR EACH STATEMENT EXECUTE FUNCTION measures_refuse_change();\n"
    for what in ("UPDATE", "DELETE", "TRUNCATE")
)
UNDO = "".join(
    f"DROP TRIGGER measures_cohortanswer_grows_{what} ON measures_cohortanswer;\n"
    for what in ("UPDATE", "DELETE", "TRUNCATE")
)


class Migration(migrations.Migration):
    dependencies = [("measures", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="CohortAnswer",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("snapshot", models.TextField()),
                ("revision", models.IntegerField()),
                ("definition", models.TextField()),
                ("include", models.JSONField()),
                ("exclude", models.JSONField()),
                ("people", models.BigIntegerField()),
                ("at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("snapshot", "revision", "definition"), name="measures_cohort_answer_once"
                    )
                ],
            },
        ),
        migrations.RunSQL(GROWS, reverse_sql=UNDO),
    ]
