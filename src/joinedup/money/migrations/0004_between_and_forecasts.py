import django.db.models.deletion
from django.db import migrations, models


TABLES = ("saidbetween", "lineforecast")
GROWS = "".join(
    f"CREATE TRIGGER money_{table}_grows_{what} BEFORE {what} ON money_{table} "
    "FOR EACH STATEMENT EXECUTE FUNCTION money_refuse_change();\n"
    for table in TABLES
    for what in ("UPDATE", "DELETE", "TRUNCATE")
)
UNDO = "".join(
    f"DROP TRIGGER money_{table}_grows_{what} ON money_{table};\n"
    for table in TABLES
    for what in ("UPDATE", "DELETE", "TRUNCATE")
)


class Migration(migrations.Migration):

    dependencies = [
        ('money', '0003_positions'),
    ]

    operations = [
        migrations.CreateModel(
            name='SaidBetween',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('body', models.TextField()),
                ('month', models.DateField()),
                ('payer', models.TextField()),
                ('payee', models.TextField()),
                ('pence', models.BigIntegerField()),
                ('file', models.TextField()),
                ('digest', models.TextField()),
                ('by', models.TextField()),
                ('at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['month', 'body', 'payer', 'payee', '-id'], name='money_saidbetween_newest')],
            },
        ),
        migrations.CreateModel(
            name='LineForecast',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('month', models.SmallIntegerField()),
                ('method', models.TextField()),
                ('budget_pence', models.BigIntegerField()),
                ('outturn_pence', models.BigIntegerField()),
                ('reason', models.TextField(blank=True)),
                ('by', models.TextField()),
                ('at', models.DateTimeField()),
                ('budget_line', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='forecasts', to='money.budgetline')),
            ],
            options={
                'indexes': [models.Index(fields=['budget_line', '-id'], name='money_lineforecast_newest')],
            },
        ),
        migrations.RunSQL(GROWS, reverse_sql=UNDO),
    ]
