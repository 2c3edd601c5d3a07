from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('editor', '0006_pieces_of_results'),
    ]

    operations = [
        migrations.RemoveField(
            model_name='edit',
            name='frame',
        ),
        migrations.RemoveField(
            model_name='result',
            name='raw',
        ),
        migrations.RemoveField(
            model_name='result',
            name='raw_format',
        ),
        migrations.RemoveField(
            model_name='result',
            name='raw_height',
        ),
        migrations.RemoveField(
            model_name='result',
            name='raw_sha256',
        ),
        migrations.RemoveField(
            model_name='result',
            name='raw_width',
        ),
        migrations.RemoveField(
            model_name='result',
            name='revised_prompt',
        ),
    ]
