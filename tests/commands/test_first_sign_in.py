import pytest

from editor.management.first_sign_in import make_first_administrator
from editor.models import Person


def test_the_password_is_kept_before_there_is_anybody_to_sign_in(db, tmp_path):
    folder = tmp_path / "is not there"
    with pytest.raises(OSError, match="is not there"):
        make_first_administrator("admin", folder)
    assert not Person.objects.exists()
    folder.mkdir()
    admin, password = make_first_administrator("admin", folder)
    assert (folder / "first-login.txt").read_text() == f"username: admin\npassword: {password}\n"
    assert admin.check_password(password)


def test_a_start_that_died_after_the_file_makes_another_password(db, tmp_path):
    (tmp_path / "first-login.txt").write_text("username: admin\npassword: of nobody\n")
    admin, password = make_first_administrator("admin", tmp_path)
    assert "of nobody" not in (tmp_path / "first-login.txt").read_text()
    assert admin.check_password(password)
