"""The knowledge base, and how it is searched."""

import re
from collections.abc import Iterable, Sequence

from contracts.base import Contract

TITLE_WEIGHT = 3


class Article(Contract):
    """One article of the knowledge base."""

    article_id: str
    title: str
    body: str


class Articles(Contract):
    """Answer of `search_knowledge_base`, best match first."""

    query: str
    articles: tuple[Article, ...]


def best_articles(query: str, articles: Iterable[Article], limit: int) -> tuple[Article, ...]:
    """The articles that share words with `query`, best first; the same for every kind of store.

    A word matches the words that start with it ("roam" finds "roaming"); in a title it counts three times.
    """
    words = _words(query)
    scored = [(_score(words, article), article) for article in articles]
    found = sorted((pair for pair in scored if pair[0]), key=lambda pair: (-pair[0], pair[1].article_id))
    return tuple(article for _, article in found[:limit])


def _score(words: Sequence[str], article: Article) -> int:
    title, body = _words(article.title), _words(article.body)
    return sum(
        TITLE_WEIGHT * any(known.startswith(word) for known in title) + any(known.startswith(word) for known in body)
        for word in words
    )


def _words(text: str) -> list[str]:
    return [word for word in re.findall(r"\w+", text.casefold()) if len(word) > 1]
