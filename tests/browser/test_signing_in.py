from tests.conftest import PASSWORD


def test_a_person_signs_in_by_keyboard_alone(open_page, live_server, alice, accessible):
    page = open_page()
    page.goto("/")
    accessible(page)
    page.get_by_label("Username or email").focus()
    page.keyboard.type("alice@example.org")
    page.keyboard.press("Tab")
    while not page.evaluate("document.activeElement.matches('[type=password]')"):
        page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{live_server.url}/")
    accessible(page)


def test_a_wrong_password_is_said_without_telling_whether_the_name_exists(
    open_page, alice, accessible
):
    said = []
    for name in ("alice", "nobody"):
        page = open_page()
        page.goto("/")
        page.get_by_label("Username or email").fill(name)
        page.get_by_label("Password").fill("wrong password")
        page.get_by_role("button", name="Sign in").click()
        said.append(page.get_by_role("alert").inner_text())
        accessible(page)
    assert said[0] == said[1] != ""
