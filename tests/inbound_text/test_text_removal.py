"""Which answers confirm that products go, in five languages, and which are left to the reviewer."""

import pytest

from mailbot.claims.catalogue import shipped_catalogue
from mailbot.claims.model import Product
from mailbot.inbound.removal import confirmed_removals

CLAIMED = tuple(Product(code=code) for code in ("teams", "teams_phone", "yammer"))
ASKED = "The evidence does not show Yammer; may we remove it?"


def gone(answer: str, asked: str = ASKED, claimed: tuple[Product, ...] = CLAIMED) -> list[str]:
    return [product.code for product in confirmed_removals(asked, answer, claimed, shipped_catalogue())]


@pytest.mark.parametrize(
    "answer",
    [
        "Yes",
        "Yes, please remove it. Thank you!",
        "OK, remove Yammer from the claim",
        "Agreed.",
        "Ano, odeberte ho prosím.",
        "Souhlasíme s odebráním.",
        "Tak, proszę usunąć Yammer.",
        "Zgadzamy się na usunięcie.",
        "Igen, töröljék.",
        "Rendben, kérjük, vegyék ki a Yammer terméket.",
        "同意移除，謝謝",
        "是，請刪除這個產品",
    ],
)
def test_a_clear_yes_gives_up_what_the_question_names(answer: str) -> None:
    assert gone(answer) == ["yammer"]


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "No",
        "Yes, but keep it until May.",
        "Please do not remove it.",
        "Do you want us to remove it?",
        "Yes, remove Teams.",
        "Yes, remove Yammer and Teams.",
        "See page 4.",
        "Thank you",
        "Ano, ale ne Yammer",
        "Tak, ale nie teraz",
        "Nem",
        "不同意移除",
    ],
)
def test_anything_else_is_left_to_the_reviewer(answer: str) -> None:
    assert gone(answer) == []


def test_the_question_has_to_name_what_goes_and_something_has_to_stay() -> None:
    assert gone("Yes", "Please remove what is not shown.") == []
    assert gone("Yes", claimed=(Product(code="yammer"),)) == []


def test_a_longer_name_is_not_taken_for_the_shorter_one_in_it() -> None:
    assert gone("Yes, remove Teams Phone.", "Please remove Teams Phone.") == ["teams_phone"]
    assert gone("Yes.", "Please remove Teams_Phone and Yammer.") == ["teams_phone", "yammer"]
