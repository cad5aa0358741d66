import django.db.models.deletion
from django.db import migrations, models

TABLES = ("planauthority", "planauthorityend")
GROWS = "".join(
    f"CREATE TRIGGER planning_{table}_grows_{what} BEFORE {what} ON planning_{table} "
    "FOR EACH STATEMENT EXECUTE FUNCTION planning_refuse_change();\n"
    for table in TABLES
    for what in ("UPDATE", "DELETE", "TRUNCATE")
)


class Migration(migrations.Migration):

    dependencies = [
        ('planning', '0002_rosters_and_capacity'),
    ]

    operations = [
        migrations.CreateModel(
            name='PlanAuthority',
            fields=[
                ('by', models.TextField()),
                ('at', models.DateTimeField()),
                ('id', models.TextField(primary_key=True, serialize=False)),
                ('reference', models.TextField()),
                ('given_by', models.TextField()),
                ('reason', models.TextField()),
                ('acts', models.JSONField()),
                ('plan_lines', models.JSONField(default=list)),
                ('valid_from', models.DateField()),
                ('gap', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='authorities', to='planning.gap')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='PlanAuthorityEnd',
            fields=[
                ('by', models.TextField()),
                ('at', models.DateTimeField()),
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('ends_on', models.DateField()),
                ('reason', models.TextField()),
                ('authority', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='ends', to='planning.planauthority')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.RunSQL(GROWS, reverse_sql=migrations.RunSQL.noop),
    ]
