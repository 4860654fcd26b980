"""A language model of random weights behind llama.cpp's own server: an OpenAI-compatible endpoint that nobody of us wrote.

Runs in `.tools/rewording` and not in `.venv` (see `requirements/rewording.in`). It makes the model's file, serves it on a free
port of this machine, prints the address, and ends when its standard input does. What the model says is noise, which is what a
guard is for.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any, Final

WIDTH: Final = 64
HEADS: Final = 4
FORWARD: Final = 128
CONTEXT: Final = 8_192
SEED: Final = 7
KEY: Final = "of-the-test"
# The special ones, a space as this kind of vocabulary writes it, and a token a byte: it can say anything, and needs no merges.
TOKENS: Final = [
    b"<unk>",
    b"<s>",
    b"</s>",
    "\u2581".encode(),
    *(f"<0x{one:02X}>".encode() for one in range(256)),
]
_NORMAL, _UNKNOWN, _CONTROL, _BYTE = 1, 2, 3, 6
_OF_A_USER = 1
KINDS: Final = [_UNKNOWN, _CONTROL, _CONTROL, _NORMAL, *[_BYTE] * 256]
TEMPLATE: Final = "{% for message in messages %}{{ message['content'] }}\n{% endfor %}"


def write_model(path: Path) -> None:
    """Write a LLaMA of one layer and random weights as GGUF, some 400 KB."""
    gguf: Any = importlib.import_module("gguf")
    numpy: Any = importlib.import_module("numpy")
    chance = numpy.random.default_rng(SEED)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(TOKENS))
    writer.add_tokenizer_model("llama")
    writer.add_token_list(TOKENS)
    writer.add_token_scores([0.0] * len(TOKENS))
    writer.add_token_types(KINDS)
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_chat_template(TEMPLATE)
    shapes = {
        "token_embd": (len(TOKENS), WIDTH),
        "output": (len(TOKENS), WIDTH),
        "blk.0.attn_q": (WIDTH, WIDTH),
        "blk.0.attn_k": (WIDTH, WIDTH),
        "blk.0.attn_v": (WIDTH, WIDTH),
        "blk.0.attn_output": (WIDTH, WIDTH),
        "blk.0.ffn_gate": (FORWARD, WIDTH),
        "blk.0.ffn_up": (FORWARD, WIDTH),
        "blk.0.ffn_down": (WIDTH, FORWARD),
    }
    for name, shape in shapes.items():
        writer.add_tensor(f"{name}.weight", chance.normal(0.0, 0.1, shape).astype(numpy.float32))
    for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"):
        writer.add_tensor(f"{name}.weight", numpy.ones(WIDTH, dtype=numpy.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main(folder: Path, sentence: str = "") -> None:
    """Serve until standard input ends.

    Args:
        folder: Where the model's file is put.
        sentence: What the server lets the model say and nothing else, by a grammar; empty lets it say anything.
    """
    path = folder / "random.gguf"
    write_model(path)
    llama: Any = importlib.import_module("xllamacpp")
    asked = llama.CommonParams()
    asked.model.path = str(path)
    asked.hostnames, asked.port = ["127.0.0.1"], 0
    asked.n_ctx, asked.n_parallel, asked.warmup = CONTEXT, 1, False
    asked.cpuparams.n_threads = asked.cpuparams_batch.n_threads = 1
    asked.api_keys = [KEY]
    if sentence:
        grammar = asked.sampling.grammar
        grammar.type, grammar.grammar = _OF_A_USER, f'root ::= "{sentence}"'
        asked.sampling.grammar = grammar
    server = llama.Server(asked)
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
