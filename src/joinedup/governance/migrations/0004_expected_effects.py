import django.db.models.deletion
from django.db import migrations, models

# The function is that of migration 0001: what was stated is never changed.
GROWS = "".join(
    f"CREATE TRIGGER governance_expectation_grows_{what} BEFORE {what} ON governance_expectation "
    "FOR EACH STATEMENT EXECUTE FUNCTION governance_refuse_change();\n"
    for what in ("UPDATE", "DELETE", "TRUNCATE")
)


class Migration(migrations.Migration):

    dependencies = [
        ('governance', '0003_agenda_and_publication'),
    ]

    operations = [
        migrations.CreateModel(
            name='Expectation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('by', models.TextField()),
                ('at', models.DateTimeField()),
                ('statement', models.SmallIntegerField()),
                ('number', models.SmallIntegerField()),
                ('measure', models.TextField()),
                ('definition', models.TextField(blank=True)),
                ('area', models.TextField(blank=True)),
                ('size', models.TextField()),
                ('direction', models.TextField()),
                ('amount', models.DecimalField(decimal_places=4, max_digits=12)),
                ('unit', models.TextField()),
                ('by_day', models.DateField()),
                ('whom', models.TextField()),
                ('chosen_as_extreme', models.BooleanField()),
                ('why_chosen', models.TextField(blank=True)),
                ('decision', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='expectations', to='governance.decision')),
                ('item', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='expectations', to='governance.agendaitem')),
                ('version', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='expectations', to='governance.paperversion')),
            ],
        ),
        migrations.AddConstraint(
            model_name='expectation',
            constraint=models.UniqueConstraint(fields=('item', 'statement', 'number'), name='governance_expected_of_item'),
        ),
        migrations.AddConstraint(
            model_name='expectation',
            constraint=models.UniqueConstraint(fields=('decision', 'number'), name='governance_expected_of_decision'),
        ),
        migrations.AddConstraint(
            model_name='expectation',
            constraint=models.CheckConstraint(condition=models.Q(('item__isnull', True), ('decision__isnull', True), _connector='XOR'), name='governance_expected_of_one'),
        ),
        migrations.RunSQL(GROWS, reverse_sql=migrations.RunSQL.noop),
    ]
