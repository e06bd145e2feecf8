"""The program that calls a LiveAvatar custom LLM, as an instrument: LiveKit's LLM plugin, used as an AgentSession's LLM node uses it.

One JSON object a line. In:
  {"id": 1, "ask": {baseUrl, apiKey, model, messages, room?, interruptAfterMs?, interruptAfterChars?, filters?}}
  {"id": 1, "interrupt": true}                        hangs up on a running ask
  {"id": 2, "prewarm": {baseUrl, apiKey, model, room?}}
Out:
  {"ready": {...versions}}                            once
  {"id": 1, "text": "Hello", "ms": 12.3}              as it is heard
  {"id": 1, "result": {...}} or {"id": 1, "failed": "why the question itself was wrong"}

It ends when its input does.
"""

import os
import queue
import signal
import sys
import threading

# The libraries may print; their lines must not stand between ours.
ANSWERS = os.fdopen(os.dup(1), "w", encoding="ascii", newline="\n")
os.dup2(2, 1)
# Ctrl-C reaches the whole group. The parent decides what it means, and our input ends with the parent.
signal.signal(signal.SIGINT, signal.SIG_IGN)

LINES: queue.SimpleQueue[bytes] = queue.SimpleQueue()


def read() -> None:
    for line in sys.stdin.buffer:
        LINES.put(line)
    os._exit(0)


# Begun before the imports below, which take a second: whoever started us may be gone before they are done.
threading.Thread(target=read, daemon=True).start()

import asyncio  # noqa: E402
import contextvars  # noqa: E402
import json  # noqa: E402
import platform  # noqa: E402
import time  # noqa: E402
from importlib import metadata  # noqa: E402

from livekit.agents import utils  # noqa: E402
from livekit.agents.inference import _utils as inference  # noqa: E402
from livekit.agents.llm import ChatContext  # noqa: E402
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS  # noqa: E402
from livekit.agents.voice import agent_session  # noqa: E402
from livekit.agents.voice.transcription.text_transforms import _apply_text_transforms  # noqa: E402
from livekit.plugins import openai  # noqa: E402

# What AgentSession lets text pass through on its way from the LLM to the TTS, unless it is told otherwise.
TRANSFORMS = agent_session.DEFAULT_TTS_TEXT_TRANSFORMS

# Failed attempts of the ask in whose context the stream was made: an LLM tells of them to all its listeners alike.
FAILED: contextvars.ContextVar[list] = contextvars.ContextVar("failed")

JOB = utils.shortuuid("AJ_")
AGENT = utils.shortuuid("PA_")
ROOM = utils.shortuuid("RM_")


def say(message: dict) -> None:
    ANSWERS.write(json.dumps(message) + "\n")
    ANSWERS.flush()


def versions() -> dict:
    def version(name: str) -> str | None:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            return None

    names = ["livekit-agents", "livekit-plugins-openai", "openai", "httpx", "httpx2", "pydantic"]
    return {
        "python": platform.python_version(),
        "packages": {name: version(name) for name in names if version(name)},
        "filters": [name if isinstance(name, str) else name.__name__ for name in TRANSFORMS],
    }


class Caller:
    def __init__(self) -> None:
        self.llms: dict[tuple, openai.LLM] = {}
        self.asks: dict[int, asyncio.Task] = {}

    def llm(self, *, baseUrl: str, apiKey: str, model: str, room: str | None = None) -> openai.LLM:
        """A session keeps one LLM for its life, and with it its connections."""
        key = (baseUrl, apiKey, model, room)
        if key not in self.llms:
            made = openai.LLM(base_url=baseUrl, api_key=apiKey, model=model, temperature=0.5)
            made.on("error", lambda event: FAILED.get().append(event))
            self.llms[key] = made
        return self.llms[key]

    async def ask(self, id: int, question: dict) -> dict:
        messages = question.pop("messages")
        after_ms = question.pop("interruptAfterMs", None)
        after_chars = question.pop("interruptAfterChars", None)
        filters = question.pop("filters", False)
        room = question.get("room")
        llm = self.llm(**question)
        context = ChatContext.empty()
        for message in messages:
            context.add_message(role=message["role"], content=message["content"])

        failed: list = []
        FAILED.set(failed)
        texts: list[str] = []
        tools: list[dict] = []
        report: dict = {"error": None, "interrupted": False, "usage": None}
        start = time.perf_counter()

        def ms() -> float:
            return round((time.perf_counter() - start) * 1000, 1)

        async def listen() -> None:
            async with llm.chat(
                chat_ctx=context,
                tools=[],
                conn_options=DEFAULT_API_CONNECT_OPTIONS,
                extra_kwargs={"extra_headers": job_headers(room)},
            ) as stream:
                heard = 0
                async for chunk in stream:
                    if chunk.usage:
                        report["usage"] = chunk.usage.model_dump()
                    if not chunk.delta:
                        continue
                    tools.extend({"name": call.name, "arguments": call.arguments} for call in chunk.delta.tool_calls or [])
                    if chunk.delta.content:
                        texts.append(chunk.delta.content)
                        say({"id": id, "text": chunk.delta.content, "ms": ms()})
                        heard += len(chunk.delta.content)
                        if after_chars is not None and heard >= after_chars:
                            report["interrupted"] = True
                            return

        listening = asyncio.create_task(listen())
        self.asks[id] = listening
        timer = None
        if after_ms is not None:
            timer = asyncio.get_running_loop().call_later(after_ms / 1000, listening.cancel)
        try:
            await listening
        except asyncio.CancelledError:
            report["interrupted"] = True
        except Exception as error:
            report["error"] = describe(error, question["apiKey"])
        finally:
            if timer:
                timer.cancel()
            del self.asks[id]
        report["totalMs"] = ms()
        # Every failed attempt is told of; one that went well, or was hung up on, is not.
        report["attempts"] = len(failed) + (0 if report["error"] else 1)
        report["toolCalls"] = tools
        if filters:
            report["filtered"] = await filtered(texts)
        return report

    async def prewarm(self, id: int, question: dict) -> dict:
        """What a session does with its LLM when it begins: nothing in older versions, GET /models in newer ones."""
        llm = self.llm(**question)
        llm.prewarm()
        task = getattr(llm, "_prewarm_task", None)
        if task:
            await task
        return {"sent": task is not None}

    async def serve(self, work, id: int, question: dict) -> None:
        try:
            say({"id": id, "result": await work(id, question)})
        except Exception as error:
            say({"id": id, "failed": without(f"{type(error).__name__}: {error}", question.get("apiKey"))})

    def take(self, line: bytes) -> None:
        message = json.loads(line)
        id = message["id"]
        if message.get("interrupt"):
            if id in self.asks:
                self.asks[id].cancel()
        elif "prewarm" in message:
            self.start(self.serve(self.prewarm, id, message["prewarm"]))
        else:
            self.start(self.serve(self.ask, id, message["ask"]))

    def start(self, work) -> None:
        task = asyncio.create_task(work)
        self.running.add(task)
        task.add_done_callback(self.running.discard)

    async def run(self) -> None:
        self.running: set[asyncio.Task] = set()
        loop = asyncio.get_running_loop()

        def forward() -> None:
            while True:
                loop.call_soon_threadsafe(self.take, LINES.get())

        say({"ready": versions()})
        threading.Thread(target=forward, daemon=True).start()
        await asyncio.Event().wait()


def job_headers(room: str | None) -> dict[str, str]:
    """In a deployment the library takes these from the job it runs in. Here is no job, so they are given."""
    headers = {inference.HEADER_ROOM_ID: room or ROOM, inference.HEADER_JOB_ID: JOB, inference.HEADER_AGENT_ID: AGENT}
    if session := getattr(inference, "HEADER_SESSION_ID", None):
        headers[session] = utils.shortuuid("inference_")
    return headers


async def filtered(texts: list[str]) -> str:
    async def source():
        for text in texts:
            yield text

    return "".join([text async for text in _apply_text_transforms(source(), TRANSFORMS)])


def describe(error: BaseException, key: str) -> dict:
    """The error and what it came from, outermost first."""
    chain = []
    seen: BaseException | None = error
    while seen and len(chain) < 8:
        entry = {"class": type(seen).__name__, "message": without(str(getattr(seen, "message", seen)), key)}
        status = getattr(seen, "status_code", None)
        if isinstance(status, int) and status > 0:
            entry["status"] = status
        chain.append(entry)
        seen = seen.__cause__
    return {**chain[0], "causes": chain[1:]}


def without(text: str, key: str | None) -> str:
    return text.replace(key, "***") if key else text


asyncio.run(Caller().run())
