from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('indicators', '0004_extra_columns'),
    ]

    operations = [
        migrations.AlterField(
            model_name='cellchange',
            name='kind',
            field=models.CharField(choices=[('repair', '采纳修复建议'), ('correction', '在线更正'), ('partial', '部分学校更新')], max_length=10),
        ),
        migrations.AddField(
            model_name='partialworkbook',
            name='notes',
            field=models.JSONField(default=list),
        ),
    ]
