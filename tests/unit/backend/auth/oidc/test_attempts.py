"""Attempts to sign in: what a browser keeps, and what must come back."""

import pytest

from backend.auth.oidc.attempts import Attempt, begin_attempt, local_path, resume_attempt


def test_all_that_comes_back_is_of_one_secret() -> None:
    attempt = begin_attempt("/cases/case-1?tab=notes")
    assert resume_attempt(attempt.cookie, attempt.state) == attempt
    replacing = begin_attempt("/", "0" * 64)
    assert resume_attempt(replacing.cookie, replacing.state) == replacing
    derived = {attempt.secret, attempt.state, attempt.nonce, attempt.code_verifier}
    assert len(derived) == 4
    # RFC 7636: 43 to 128 characters of a code verifier.
    assert len(attempt.code_verifier) == 43


def test_no_two_attempts_are_alike() -> None:
    assert len({begin_attempt("/").state for _ in range(100)}) == 100


SECRET = "a" * 43


@pytest.mark.parametrize(
    "cookie",
    [
        pytest.param(None, id="none"),
        pytest.param("", id="empty"),
        pytest.param("..", id="empty parts"),
        pytest.param("a.b.c", id="short"),
        pytest.param(begin_attempt("/").cookie, id="another attempt"),
        pytest.param("é" * 43 + ".Lw.", id="not ASCII"),
        pytest.param(f"{SECRET}._____.", id="no path"),
        pytest.param(f"{SECRET}./w==.", id="no text"),
        pytest.param(f"{SECRET}.Lw.7", id="no hash"),
    ],
)
def test_cookie_of_no_such_attempt_resumes_none(cookie: str | None) -> None:
    assert resume_attempt(cookie, begin_attempt("/").state) is None


def test_state_that_is_no_text_of_ours_resumes_none() -> None:
    assert resume_attempt(begin_attempt("/").cookie, "é") is None


@pytest.mark.parametrize("path", ["/", "/cases/case-1", "/tasks?state=open#row-3"])
def test_path_of_the_desk_is_kept(path: str) -> None:
    assert local_path(path) == path


@pytest.mark.parametrize(
    "address",
    [
        "",
        "cases",
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "javascript:alert(1)",
        "/cases\\..\\..",
        "/cases\r\nSet-Cookie: a=b",
        "/é",
        "/" + "a" * 2_000,
    ],
)
def test_other_addresses_lead_to_the_first_page(address: str) -> None:
    assert local_path(address) == "/"
    forged = Attempt("a" * 43, address)
    resumed = resume_attempt(forged.cookie, forged.state)
    assert resumed is not None
    assert resumed.return_to == "/"
