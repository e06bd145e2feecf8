"""What LiveKit Agents lets through to a voice by default: its text filters and its sentences.

Takes texts, gives {"said": …, "sentences": […]}, as one JSON value a line. Each text comes in pieces of four characters.
"""

import asyncio
import json
import sys
from importlib import metadata

from livekit.agents import tokenize
from livekit.agents.voice import agent_session
from livekit.agents.voice.transcription.text_transforms import _apply_text_transforms

TRANSFORMS = agent_session.DEFAULT_TTS_TEXT_TRANSFORMS
PIECE = 4


async def said(text: str) -> str:
    async def pieces():
        for at in range(0, len(text), PIECE):
            yield text[at : at + PIECE]

    return "".join([piece async for piece in _apply_text_transforms(pieces(), TRANSFORMS)])


async def main() -> None:
    sentences = tokenize.basic.SentenceTokenizer()
    print(json.dumps(f"livekit-agents {metadata.version('livekit-agents')}, {', '.join(map(str, TRANSFORMS))}"))
    for line in sys.stdin:
        text = json.loads(line)
        print(json.dumps({"said": await said(text), "sentences": sentences.tokenize(text)}))


asyncio.run(main())
