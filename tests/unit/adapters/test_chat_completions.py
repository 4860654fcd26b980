"""The protocol of chat completions, with an endpoint that is good, lies, dawdles, floods, breaks off or sends elsewhere."""

from __future__ import annotations

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator, Iterator

import pytest

from mastery_engine.adapters.llm.chat import MOST_BYTES, ChatCompletions
from mastery_engine.ports import Prompt, Rewording
from tests.llm_endpoint import Answer, Endpoint, completion, endpoint

KEY = "words that no log tells"
PROMPTS = [Prompt("Say it.", "Your quiz average is 40 %."), Prompt("Say it.", "No quiz has been counted.")]


@pytest.fixture
def served() -> Iterator[Endpoint]:
    with endpoint() as opened:
        yield opened


@pytest.fixture
async def chat(served: Endpoint) -> AsyncIterator[ChatCompletions]:
    opened = ChatCompletions(served.url, "small", KEY)
    yield opened
    await opened.close()
    await opened.close()


async def one(chat: ChatCompletions, seconds: float = 10.0) -> Rewording:
    [found] = await chat.rewrite(PROMPTS[:1], 50, seconds)
    return found


async def test_each_sentence_is_asked_for_by_itself_and_answered_in_its_place(
    served: Endpoint, chat: ChatCompletions
) -> None:
    served.answer = lambda sentence: completion(sentence.upper(), 33)
    found = await chat.rewrite(PROMPTS, 50, 10.0)
    assert found == [Rewording(prompt.sentence.upper(), 33) for prompt in PROMPTS]
    assert sorted(asked.sentence for asked in served.asked) == sorted(prompt.sentence for prompt in PROMPTS)
    assert await chat.rewrite([], 50, 10.0) == []


async def test_no_cookie_is_kept_nor_sent(served: Endpoint, chat: ChatCompletions) -> None:
    cookies = tuple(("Set-Cookie", f"who{number}=me; Path=/") for number in range(20))
    served.answer = lambda sentence: completion(sentence)._replace(headers=cookies)
    await one(chat)
    await one(chat)
    assert [{name.lower() for name in asked.headers} & {"cookie"} for asked in served.asked] == [set(), set()]


async def test_what_leaves_is_told_to_the_last_field(served: Endpoint, chat: ChatCompletions) -> None:
    await one(chat)
    [asked] = served.asked
    assert asked.path == "/v1/chat/completions"
    assert asked.body == {
        "model": "small",
        "messages": [
            {"role": "system", "content": "Say it."},
            {"role": "user", "content": "Your quiz average is 40 %."},
        ],
        "max_tokens": 50,
        "temperature": 0,
        "n": 1,
        "stream": False,
    }
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    assert asked.headers.keys() <= {
        "accept",
        "accept-encoding",
        "authorization",
        "connection",
        "content-length",
        "content-type",
        "host",
        "user-agent",
    }


async def test_without_a_key_none_is_shown_and_a_slash_at_the_end_does_no_harm(served: Endpoint) -> None:
    chat = ChatCompletions(f"{served.url}/", "small")
    await one(chat)
    await chat.close()
    assert served.asked[0].path == "/v1/chat/completions"
    assert "authorization" not in served.asked[0].headers


@pytest.mark.parametrize(
    ("answer", "trouble", "tokens"),
    [
        (Answer(500, b"oh"), "status 500", 0),
        (Answer(429, b"{}"), "status 429", 0),
        (Answer(204), "status 204", 0),
        (Answer(302, headers=(("Location", "/elsewhere"),)), "status 302", 0),
        (Answer(307, headers=(("Location", "/elsewhere"),)), "status 307", 0),
        (Answer(body=b"x" * (MOST_BYTES + 1)), f"more than {MOST_BYTES} bytes", None),
        (Answer(body=gzip.compress(b"{}"), headers=(("Content-Encoding", "gzip"),)), "compressed", None),
        (Answer(body=b"<html>"), "no chat completion", None),
        (Answer(body=b'{"choices":[]}'), "no chat completion", None),
        (Answer(body=b'{"choices":[{"message":{"content":7}}]}'), "no chat completion", None),
        (Answer(body=b'{"choices":' + b"[" * 60_000), "no chat completion", None),
        (Answer(body=b'{"choices":[{"message":{"content":"\xff"}}]}'), "no chat completion", None),
        (completion("words", -1), "no chat completion", None),
        (completion("words", "many"), "no chat completion", None),
        (completion(None, 9), "no text", 9),
        (completion("", 9), "no text", 9),
        (completion("words", None), "", None),
    ],
)
async def test_whatever_is_answered_ends_in_words_or_in_a_trouble_that_tells_nothing_of_them(
    served: Endpoint, chat: ChatCompletions, answer: Answer, trouble: str, tokens: int | None
) -> None:
    served.answer = lambda _: answer
    found = await one(chat)
    assert (found.trouble, found.tokens) == (trouble, tokens)
    assert (found.text is None) == bool(trouble)
    assert [asked.path for asked in served.asked] == ["/v1/chat/completions"]


@pytest.mark.parametrize("trickles", [False, True])
@pytest.mark.parametrize("sent", [b"", b'{"choices":'])
async def test_what_does_not_come_in_time_is_given_up_and_the_others_are_not(
    served: Endpoint, chat: ChatCompletions, sent: bytes, *, trickles: bool
) -> None:
    slow = Answer(body=sent, waits=True, trickles=trickles)
    served.answer = lambda sentence: slow if "quiz average" in sentence else completion("words")
    first, second = await asyncio.wait_for(chat.rewrite(PROMPTS, 50, 1.0), 5.0)
    assert (first.text, first.tokens) == (None, None)
    assert first.trouble in {"timeout", "ReadTimeout"}
    assert second == Rewording("words", 180)


async def test_who_breaks_off_or_is_not_there_is_a_trouble(chat: ChatCompletions) -> None:
    del chat
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = ChatCompletions(f"http://127.0.0.1:{closed.getsockname()[1]}/v1", "small", KEY)
        assert await one(nobody) == Rewording(None, 0, "ConnectError")
        await nobody.close()


async def test_half_an_answer_is_none(served: Endpoint, chat: ChatCompletions) -> None:
    whole = completion("words")
    served.answer = lambda _: whole._replace(body=whole.body[:40], headers=(("Content-Length", "4000"),))
    found = await one(chat, 2.0)
    assert (found.text, found.tokens) == (None, None)


async def test_no_proxy_of_the_environment_sees_what_is_meant_for_this_machine(
    served: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    with endpoint() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        chat = ChatCompletions(served.url, "small", KEY)
        assert (await one(chat)).text is not None
        await chat.close()
        assert (len(served.asked), proxy.asked) == (1, [])


async def test_a_caller_who_goes_leaves_no_request_behind(served: Endpoint, chat: ChatCompletions) -> None:
    served.answer = lambda _: Answer(waits=True)
    asking = asyncio.ensure_future(chat.rewrite(PROMPTS, 50, 60.0))
    await asyncio.wait([asking], timeout=0.2)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert [one for one in asyncio.all_tasks() if one is not asyncio.current_task()] == []
