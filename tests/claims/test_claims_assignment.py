"""Who reviews a claim: who is there, speaks its language and has least to do; never somebody of the firm."""

from mailbot.claims.assignment import Reviewer, line_for

RITA = Reviewer(email="rita@office.example", language="cs", load=5)
ROLF = Reviewer(email="rolf@office.example", language="en", load=1)
NORA = Reviewer(email="nora@office.example", language="en", load=1)
BORN = Reviewer(email="born@fabrikam.example", language="cs")
AWAY = Reviewer(email="away@office.example", language="cs", away=True)


def line(*reviewers: Reviewer, language: str = "cs", firm: tuple[str, ...] = ("fabrikam.example",)) -> list[str]:
    return [email.partition("@")[0] for email in line_for(reviewers, language=language, firm=firm)]


def test_the_language_goes_before_the_load_and_the_load_before_the_alphabet() -> None:
    assert line(ROLF, RITA, NORA) == ["rita", "nora", "rolf"]
    assert line(ROLF, RITA, NORA, language="en") == ["nora", "rolf", "rita"]


def test_a_language_that_nobody_speaks_leaves_the_load_to_decide() -> None:
    assert line(RITA, ROLF, NORA, language="hu") == ["nora", "rolf", "rita"]


def test_nobody_gets_a_claim_of_the_firm_whose_mail_they_read() -> None:
    assert line(BORN, ROLF) == ["rolf"]
    assert line(BORN, ROLF, firm=()) == ["born", "rolf"]


def test_who_is_away_gets_nothing_even_if_nobody_is_left() -> None:
    assert line(AWAY, ROLF) == ["rolf"]
    assert line(AWAY) == []
