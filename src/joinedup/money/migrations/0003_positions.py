import django.db.models.deletion
from django.db import migrations, models


TABLES = ("statementaccount", "boardfund")
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
        ('money', '0002_contracts'),
    ]

    operations = [
        migrations.CreateModel(
            name='StatementAccount',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('body', models.TextField()),
                ('partner_account', models.TextField()),
                ('kind', models.TextField()),
                ('counterparty', models.TextField(blank=True)),
                ('by', models.TextField()),
                ('at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['body', 'partner_account', '-id'], name='money_statementaccount_newest')],
            },
        ),
        migrations.CreateModel(
            name='BoardFund',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('board', models.TextField()),
                ('year', models.TextField()),
                ('icb_minimum_pence', models.BigIntegerField(null=True)),
                ('last_year_minimum_pence', models.BigIntegerField(null=True)),
                ('discharge_fund_pence', models.BigIntegerField(null=True)),
                ('source', models.TextField()),
                ('by', models.TextField()),
                ('at', models.DateTimeField()),
                ('fund', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='boards', to='money.fund')),
            ],
            options={
                'indexes': [models.Index(fields=['year', 'board', '-id'], name='money_boardfund_newest')],
            },
        ),
        migrations.RunSQL(GROWS, reverse_sql=UNDO),
    ]
