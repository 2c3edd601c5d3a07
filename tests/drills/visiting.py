"""A person at the stack's pages, over HTTP and without a browser."""

from uuid import uuid4

import requests

from tests.drawing import mask_png


class Visitor:
    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.session = requests.Session()
        self.session.trust_env = False

    def sign_in(self, name: str, password: str) -> bool:
        self.session.get(f"{self.origin}/signin", timeout=20)
        self.post("/signin", username=name, password=password)
        return self.is_in()

    def enter(self, link: str) -> bool:
        self.session.get(link, timeout=20)
        self.post(link.removeprefix(self.origin))
        return self.is_in()

    def is_in(self) -> bool:
        answer = self.session.get(f"{self.origin}/", timeout=20, allow_redirects=False)
        return answer.status_code == 200

    def sample(self) -> int:
        """Take the sample picture in; its id."""
        answer = self.post("/images/sample")
        return int(answer.url.split("/images/")[1].split("/")[0])

    def ask(self, picture: int, size: tuple[int, int]) -> requests.Response:
        """Send the studio's form."""
        mask = mask_png(size, (60, 60, 160, 140))
        form = {
            "key": str(uuid4()), "prompt": "Remove the sign", "model": "dall-e-2", "n": "1",
            "size": "256x256", "quality": "",
        }  # fmt: skip
        return self.post(f"/images/{picture}/edit", files={"mask": ("mask.png", mask)}, **form)

    def post(self, path: str, files: dict | None = None, **form: str) -> requests.Response:
        token = self.session.cookies.get("maskroom_csrf", "")
        return self.session.post(
            f"{self.origin}{path}",
            data={**form, "csrfmiddlewaretoken": token},
            files=files,
            headers={"Referer": self.origin},
            timeout=30,
        )
